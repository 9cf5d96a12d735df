"""Optical flow: the motion, checks of it, and what one pixel's motion attended to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup
from PIL.Image import Image, fromarray

from components import plots
from components.analysis.flow_attention import TracedPixel, cut
from components.analysis.motion import vector_in_words
from components.html.charts.network import network
from components.html.charts.network_cells import cells_of, image_group
from components.html.images.comparison import warp_check
from components.html.images.flow import arrows_picture, flow_pictures, wheel_legend
from components.html.images.flow_attention import flow_attention_pictures
from components.html.images.flow_maps import error_pictures, occlusion_picture
from components.html.images.frames import Pixel
from components.scale.attention import Scale
from components.scale.flow import FlowScale, flow_colors, shrunk, shrunk_frame
from components.scale.flow_errors import ErrorColumn
from models.schema import FlowCheck, FlowTrace, ModelShape, OpticalFlowResult, RunInfo
from models.schema.grouping import cells_along

FLOW_METHODS = {
    "perceiver": "Perceiver",
    "farneback": "Farnebäck (OpenCV)",
    "dis": "DIS (OpenCV)",
    "tvl1": "TV-L1 (scikit-image)",
}
MOST_PIXELS = 192
"""Along each side of an image in the figure of a run."""
Flows = Mapping[str, np.ndarray]
"""By FLOW_METHODS, the Perceiver's first: float32 [height, width, 2], pixels, x right, y down."""


def optical_flow(first: Image, flows: Flows, chosen: Pixel | None = None, truth: np.ndarray | None = None) -> Markup:
    """The first frame with the Perceiver's arrows, every method in colors, and the ground truth, all on one scale."""
    titled = {FLOW_METHODS[method]: flow for method, flow in flows.items()}
    title, flow = next(iter(titled.items()))
    head = arrows_picture(first, flow, title, chosen)
    titled |= {} if truth is None else {"Ground truth": truth}
    return flow_pictures(titled, chosen, head)


def flow_check(first: Image, checks: Mapping[str, FlowCheck]) -> Markup:
    """Warp check, end-point error if there is a ground truth, and forward-backward consistency.

    checks: by FLOW_METHODS.
    """
    titled = {FLOW_METHODS[method]: check for method, check in checks.items()}
    warps = Markup("").join(
        warp_check(first, check.warped, check.before, check.after, check.known, title)
        for title, check in titled.items()
    )
    parts = {"Warp check: second frame warped back to the first": Markup('<div class="flows">{}</div>').format(warps)}
    if errors := [column for method, check in checks.items() if (column := _errors(method, check))]:
        parts["End-point error"] = error_pictures(errors)
    if hidden := {title: check.hidden for title, check in titled.items() if check.hidden is not None}:
        parts["Forward-backward consistency"] = occlusion_picture(first, hidden)
    shown = Markup("").join(
        Markup("<section><h3>{}</h3>{}</section>").format(title, part) for title, part in parts.items()
    )
    return Markup('<div class="flow-checks">{}</div>').format(shown)


def _errors(method: str, check: FlowCheck) -> ErrorColumn | None:
    if check.errors is None or check.epe is None or check.fl_all is None:
        return None
    return ErrorColumn(method, FLOW_METHODS[method], check.errors, check.epe, check.fl_all)


def flow_attention(first: Image, result: OpticalFlowResult, scale: Scale = "relative") -> Markup:
    """Attention of a pixel's motion over both frames, and the motion that each image size added.

    Raises ValueError, as `flow_attention_figure` does, for a result without attention.
    """
    trace, traced = _traced(result)
    pictures = flow_attention_pictures((first, trace.second), traced, scale)
    return pictures + (_steps(trace) if len(trace.sizes) > 1 else "")


def flow_network(first: Image, result: OpticalFlowResult, shape: ModelShape) -> Markup:
    """The run as a figure: the tile that the model read for the traced pixel, the latents, and the flow of the tile."""
    attention, trace = result.attention, result.trace
    if attention is None or attention.stages is None or trace is None or attention.values.ndim != 2:
        return Markup()
    rows, columns = attention.values.shape
    flow = flow_colors(shrunk(result.flow), FlowScale.over([result.flow]).full)
    seen, found = (_tile(pixels, trace) for pixels in (shrunk_frame(first), flow))
    frame = image_group(seen, cells_along((rows, columns)))
    mirrored = ", mirrored beyond their edges" if max(trace.area) > 1 else ""
    caption = f"{rows * columns:,} inputs, {rows} x {columns}: both frames{mirrored}"
    outputs = image_group(found, trace.cells)
    shown = f"{rows * columns:,} outputs, {len(outputs.names)} shown: the motion"
    return network(
        attention.stages,
        shape,
        cells_of("inputs", caption, frame, total=rows * columns),
        cells_of("outputs", shown, outputs, total=rows * columns),
        trace.cell,
    )


def _tile(pixels: np.ndarray, trace: FlowTrace) -> np.ndarray:
    return shrunk_frame(fromarray(cut(pixels, trace.area)), MOST_PIXELS)


def flow_attention_figure(
    frames: tuple[Image, Image], result: OpticalFlowResult, scale: Scale = "relative", opacity: float = 0.6
) -> plots.Plot:
    """The same as a plot to save. frames: first and second."""
    trace, traced = _traced(result)
    plot = plots.flow_attention_plot((frames[0], trace.second), traced, result.run, scale, opacity)
    plot.arrays |= plots.frame_arrays(frames) | {"perceiver_flow": result.flow}
    return plot


@dataclass(frozen=True, slots=True)
class FlowFilm:
    """frames: uint8 [height, 2 width, 3] each, the clip's left and its flow right. legend: what the colors mean."""

    frames: Iterator[np.ndarray]
    legend: Markup


def flow_film(frames: Sequence[np.ndarray], flows: Sequence[np.ndarray]) -> FlowFilm:
    """A clip and its flow side by side, in colors on one scale. frames: uint8 [height, width, 3]; flows: of each."""
    scale = FlowScale.over(flows)
    pairs = zip(frames, flows, strict=True)
    return FlowFilm(
        (np.hstack([frame, flow_colors(flow.astype(np.float32), scale.full)]) for frame, flow in pairs),
        wheel_legend(scale),
    )


def flow_figure(frames: tuple[Image, Image], flows: Flows, run: RunInfo, truth: np.ndarray | None = None) -> plots.Plot:
    """The flows and the ground truth as a plot to save. frames: first and second."""
    columns = [plots.FlowColumn(method, FLOW_METHODS[method], flow) for method, flow in flows.items()]
    columns += [] if truth is None else [plots.FlowColumn("truth", "Ground truth", truth)]
    return plots.flow_plot(frames, columns, run, "Optical flow from the first frame to the second")


def _traced(result: OpticalFlowResult) -> tuple[FlowTrace, TracedPixel]:
    if result.attention is None or result.trace is None:
        raise ValueError("the result has no attention")
    trace = result.trace
    right, down = result.flow[trace.row, trace.column].tolist()
    return trace, TracedPixel(result.attention, trace.row, trace.column, (right, down), trace.area, trace.before)


def _steps(trace: FlowTrace) -> Markup:
    """A row for each image size."""
    rows = Markup("").join(
        Markup("<tr{}><td>{} × {}</td><td>{}{}</td></tr>").format(
            Markup(" class=chosen") if step == trace.step else "",
            width,
            height,
            vector_in_words(*added.tolist()),
            " (map above)" if step == trace.step else "",
        )
        for step, ((width, height), added) in enumerate(zip(trace.sizes, trace.added, strict=True))
    )
    return Markup(
        '<p class="caption">The model estimates large motions at a small image size first. At each larger size, the '
        "second frame is warped back by the flow so far, and the model estimates the remaining motion.</p>"
        '<table class="steps"><thead><tr><th>image size</th><th>estimated motion</th></tr></thead>'
        "<tbody>{}</tbody></table>"
    ).format(rows)
