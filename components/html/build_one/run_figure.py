"""The run of a model that a visitor built as a figure, from inputs to latents to outputs."""

from collections.abc import Iterator

import numpy as np
from markupsafe import Markup

from components.html.build_one.examples import image_pixels
from components.html.charts.network import network
from components.html.charts.network_cells import Cells, Group, cells_of, image_group, text_cells, text_group
from models.schema import AskBuildResult, Build, BuildShapes, DataSpec, ModelShape


def run_figure(result: AskBuildResult, build: Build, shapes: BuildShapes, spec: DataSpec, parameters: int) -> Markup:
    """Nothing without attention of all stages."""
    stages = result.attention and result.attention.stages
    if stages is None:
        return Markup()
    shape = _shape(build, shapes, spec, parameters)
    return network(stages, shape, _inputs(result, shapes, spec), _outputs(result, spec, len(stages.decoder)))


def _inputs(result: AskBuildResult, shapes: BuildShapes, spec: DataSpec) -> Cells:
    groups = list(_groups(result, shapes, spec))
    return cells_of("inputs", f"{shapes.inputs:,} inputs", *groups)


def _groups(result: AskBuildResult, shapes: BuildShapes, spec: DataSpec) -> Iterator[Group]:
    for name, grid in shapes.grids.items():
        values = result.prediction.inputs[name]
        count = int(np.prod(grid))
        if name == "image" and len(grid) == 2:
            yield image_group(image_pixels(values), grid, name)
        elif name == "letters" and count == len(values):
            yield text_group([spec.letters[each] for each in values], places=range(count), title=name)
        else:
            yield text_group([str(at) for at in range(count)], title=f"{name}, in {count} parts")


def _outputs(result: AskBuildResult, spec: DataSpec, count: int) -> Cells:
    outputs = result.prediction.outputs
    if "letters" in outputs and count == len(outputs["letters"]):
        labels = [spec.letters[each] for each in outputs["letters"]]
        return text_cells("outputs", labels, "one query for each letter", places=range(count))
    if "label" in outputs and count == 1:
        return text_cells("outputs", [spec.labels[int(outputs["label"].argmax())]], "one query for all classes")
    return text_cells("outputs", [str(at) for at in range(count)], f"{count:,} queries")


def _shape(build: Build, shapes: BuildShapes, spec: DataSpec, parameters: int) -> ModelShape:
    return ModelShape(
        name="your model", parameters=parameters, longest_text=0, image_size=0, labels=spec.labels, fps=0.0,
        sample_rate=0, input_channels=shapes.input_channels, latents=build.latents, latent_channels=build.channels,
        blocks=build.blocks, layers=build.layers, self_heads=build.self_heads, cross_heads=build.cross_heads,
    )  # fmt: skip
