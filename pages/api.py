"""The pages' main calls as functions for programs: `gradio_client`, HTTP and MCP."""

from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from typing import Any, Literal

import numpy as np
from PIL.Image import Image

from models.flow_files import flo_bytes
from models.images import open_image
from models.schema import ImageClassificationRequest, InputError, MaskedBytesRequest, OpticalFlowRequest, Probe
from models.service import ModelService
from pages.page import for_callers


def masked_bytes_call(service: ModelService) -> Callable[..., dict[str, Any]]:
    @for_callers
    def masked_bytes(
        text: str,
        mask: list[list[int]] = [],  # noqa: B006  (Gradio shows the default to callers; it is never changed)
        top_k: int = 5,
        decoding: Literal["parallel", "iterative"] = "parallel",
        trace: int = -1,
        method: Literal["rollout", "encoder", "decoder"] = "rollout",
        weights: Literal["embedded", "published"] = service.default_weights,
    ) -> dict[str, Any]:
        """Fill in the hidden bytes of a text with a Perceiver, and trace one of them to what it was read from.

        Args:
            text: The text. A literal [MASK] in it hides one byte.
            mask: Half-open spans of UTF-8 bytes of the text to hide, such as [[51, 60]].
            top_k: Candidates for each hidden byte, 1 to 256.
            decoding: "parallel" fills all at once, "iterative" the surest byte first and then reads again.
            trace: A byte whose attention is wanted, counted as in positions (a [MASK] is one byte), or -1 for none.
            method: What is traced: "rollout", "encoder" or "decoder".
            weights: "embedded" (small, always there) or "published" (large, downloaded when first asked for).

        Returns:
            filled, positions, candidates (bytes as numbers), probabilities, order, bytes_read, attention, run.
        """
        spans: Any = tuple(tuple(span) if isinstance(span, list) else span for span in mask)
        asked = Probe(int(trace), method) if trace >= 0 else None
        result = service.run(MaskedBytesRequest(text, spans, int(top_k), decoding, asked, weights))
        return as_json(result)

    return masked_bytes


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
        asked = Probe(row * one.width + column, method) if trace else None
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
    try:
        content = b64decode("".join(written.rpartition(",")[2].split()), validate=True)
    except ValueError:
        raise InputError("The picture is to be written in base64, and this is not.") from None
    return open_image(content)


def as_json(value: Any) -> Any:
    """A result as what JSON can hold: dataclasses as objects, arrays as lists, bytes as hexadecimal digits."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: as_json(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, dict):
        return {name: as_json(each) for name, each in value.items()}
    if isinstance(value, tuple):
        return [as_json(each) for each in value]
    if isinstance(value, np.ndarray):
        return value.tolist()
    return value.hex() if isinstance(value, bytes) else value
