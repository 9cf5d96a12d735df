"""The main calls of the pages over pictures and clips as functions for programs: `gradio_client`, HTTP and MCP."""

from base64 import b64decode, b64encode
from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from PIL.Image import Image

from models.backend.local import ModelService
from models.data.flow_files import flo_bytes
from models.data.images import open_image
from models.schema import ImageClassificationRequest, InputError, OpticalFlowRequest, PixelAt, Probe
from pages.as_json import as_json
from pages.page import for_callers


def image_classification_call(service: ModelService) -> Callable[..., dict[str, Any]]:
    @for_callers
    def image_classification(
        image: str,
        variant: Literal["learned", "fourier", "conv"] = "fourier",
        top_k: int = 5,
        trace: bool = False,
        method: Literal["rollout", "encoder", "decoder"] = "rollout",
        size: int = 0,
        weights: Literal["embedded", "published"] = service.default_weights,
    ) -> dict[str, Any]:
        """Say what a picture shows with a Perceiver, and trace the answer to the places it was read from.

        Args:
            image: The picture's file (PNG, JPEG, WebP, GIF, ...) in base64, with or without "data:...;base64," before.
            variant: How the model is told where a pixel is: "learned", "fourier" or "conv".
            top_k: How many classes are wanted, best first.
            trace: Whether the attention of the answer is wanted.
            method: What is traced: "rollout", "encoder" or "decoder".
            size: Pixels along each side at which the model reads the picture, or 0 for what it was trained on.
            weights: "embedded" (small, always there) or "published" (large, downloaded when first asked for).

        Returns:
            labels (name, probability, index), grid, attention, run.
        """
        asked = Probe(None, method) if trace else None
        result = service.run(
            ImageClassificationRequest(_picture(image), variant, int(top_k), asked, weights, int(size) or None)
        )
        return as_json({name: getattr(result, name) for name in ("labels", "grid", "attention", "run")})

    return image_classification


def optical_flow_call(service: ModelService) -> Callable[..., dict[str, Any]]:
    @for_callers
    def optical_flow(
        first: str,
        second: str,
        trace: list[int] = [],  # noqa: B006  (as above)
        method: Literal["rollout", "encoder", "decoder"] = "rollout",
        weights: Literal["embedded", "published"] = service.default_weights,
    ) -> dict[str, Any]:
        """Say where each pixel of a frame is in the next one with a Perceiver, and trace one of them to what it was
        read from.

        Args:
            first: The first frame's file (PNG, JPEG, ...) in base64, with or without "data:...;base64," before.
            second: The second frame, as large as the first.
            trace: [row, column] of the pixel whose attention is wanted, or [] for none.
            method: What is traced: "rollout", "encoder" or "decoder".
            weights: "embedded" (small, always there) or "published" (large, downloaded when first asked for).

        Returns:
            flo (a .flo file in base64: pixels, x right, y down), width, height, mean and largest (lengths in pixels),
            vector (of the traced pixel, or null), attention, trace (sizes that the frames were read at, what each
            added, and where the attention lies), run.
        """
        one, other = _picture(first), _picture(second)
        if trace and not (len(trace) == 2 and 0 <= trace[0] < one.height and 0 <= trace[1] < one.width):
            raise InputError(f"A pixel is [row, column], up to [{one.height - 1}, {one.width - 1}], not {trace}.")
        row, column = map(int, trace or (0, 0))  # JSON may hold 10.0
        asked = Probe(PixelAt(row, column), method) if trace else None
        result = service.run(OpticalFlowRequest(one, other, asked, weights))
        lengths = np.hypot(result.flow[..., 0], result.flow[..., 1])
        traced = result.trace
        return {
            "flo": b64encode(flo_bytes(result.flow)).decode("ascii"),
            "width": one.width,
            "height": one.height,
            "mean": float(lengths.mean()),
            "largest": float(lengths.max()),
            "vector": result.flow[row, column].tolist() if trace else None,
            "attention": as_json(result.attention),
            "trace": traced and {name: as_json(getattr(traced, name)) for name in ("sizes", "added", "step", "area")},
            "run": as_json(result.run),
        }

    return optical_flow


def _picture(written: str) -> Image:
    return open_image(_decoded(written, "picture"))


def _decoded(written: str, what: str) -> bytes:
    try:
        return b64decode("".join(written.rpartition(",")[2].split()), validate=True)
    except ValueError:
        raise InputError(f"The {what} is to be written in base64, and this is not.") from None
