"""The pages' main calls as functions for programs: `gradio_client`, HTTP and MCP."""

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from typing import Any, Literal

import numpy as np

from models.schema import MaskedBytesRequest, Probe
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


def as_json(value: Any) -> Any:
    """A result as what JSON can hold: dataclasses as objects, arrays as lists, bytes as hexadecimal digits."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: as_json(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, np.ndarray):
        return value.tolist()
    return value.hex() if isinstance(value, bytes) else value
