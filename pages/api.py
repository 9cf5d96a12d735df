"""The pages' main calls as functions for programs: `gradio_client`, HTTP and MCP."""

import math
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import numpy as np
from PIL.Image import Image

from models.flow_files import flo_bytes
from models.images import open_image
from models.media.reading import open_clip
from models.schema import (
    FineTuneRequest,
    ImageClassificationRequest,
    InputError,
    MaskedBytesRequest,
    OpticalFlowRequest,
    Probe,
    SentimentRequest,
)
from models.service import ModelService
from pages.av_clip import av_request, write_film
from pages.link import AvView
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


def sentiment_call(service: ModelService) -> Callable[..., dict[str, Any]]:
    @for_callers
    def sentiment(
        text: str,
        words: bool = False,
        trace: bool = False,
        method: Literal["rollout", "encoder", "decoder"] = "rollout",
        weights: Literal["embedded", "published"] = service.default_weights,
    ) -> dict[str, Any]:
        """Say whether a text praises or blames with a Perceiver, and which of its bytes it read for that.

        Args:
            text: The text. A long one is read in overlapping windows, each of which votes.
            words: Whether each word is also to be left out in turn, to see what that changes.
            trace: Whether the attention of the answer is wanted.
            method: What is traced: "rollout", "encoder" or "decoder".
            weights: "embedded" (small, always there) or "published" (large, downloaded when first asked for).

        Returns:
            labels (name, probability, index; best first), windows (start, stop, probabilities), occlusion (words as
            spans of bytes, drops of the probability, attention, rank_correlation; or null), attention, run.
        """
        asked = Probe(None, method) if trace else None
        result = service.run(SentimentRequest(text, asked, weights, occlude=words))
        told = ("labels", "windows", "occlusion", "attention", "run")
        return as_json({name: getattr(result, name) for name in told})

    return sentiment


def fine_tuning_call(service: ModelService) -> Callable[..., dict[str, Any]]:
    @for_callers
    def fine_tuning(
        rows: list[list[str]],
        texts: list[str] = [],  # noqa: B006  (as above)
        epochs: int = 5,
        batch_size: int = 8,
        learning_rate: float = 5e-4,
        seed: int = 0,
        frozen: bool = False,
        weights: Literal["embedded", "published"] = service.default_weights,
    ) -> dict[str, Any]:
        """Teach a Perceiver to tell texts apart by rows with labels, and classify new texts with what it has learnt.

        Nothing is kept after the call.

        Args:
            rows: [text, label] each; 2 to 20 labels. A fifth is held out.
            texts: New texts to classify.
            epochs: How often each row is learnt from.
            batch_size: Rows to a step.
            learning_rate: The highest, of AdamW.
            seed: Of what is held out, of the order of the rows and of the new weights.
            frozen: Whether only the decoder learns.
            weights: "embedded", or "published" with its encoder frozen.

        Returns:
            labels, losses (of each step, nats), accuracy (share of the held-out rows that are right), confusion (rows:
            labels, columns: what they were taken for), answers (for each of `texts` its labels, best first), run.
        """
        pairs: Any = tuple(tuple(map(str, row)) for row in rows)
        asked = FineTuneRequest(
            pairs, int(epochs), int(batch_size), float(learning_rate), int(seed), bool(frozen), weights
        )
        steps = list(service.stream(asked))
        last = steps[-1]
        answers = service.run_all([SentimentRequest(text, model=last.model) for text in texts])
        if refused := next((answer for answer in answers if isinstance(answer, Exception)), None):
            raise refused
        return as_json(
            {
                "labels": last.model.labels,
                "losses": tuple(step.loss for step in steps[1:]),
                "accuracy": last.validation_accuracy,
                "confusion": last.held_out.confusion,
                "answers": tuple(answer.labels for answer in answers),
                "run": last.run,
            }
        )

    return fine_tuning


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


def av_autoencoding_call(service: ModelService) -> Callable[..., dict[str, Any]]:
    @for_callers
    def av_autoencoding(
        clip: str,
        hidden: list[Literal["image", "audio"]] = [],  # noqa: B006  (as above)
        label: int = -1,
        finer: Literal["", "pixels", "frames"] = "",
        trace: int = -2,
        method: Literal["rollout", "encoder"] = "rollout",
        weights: Literal["embedded", "published"] = service.default_weights,
    ) -> dict[str, Any]:
        """Rebuild a clip, its picture and its sound, from the latents of a Perceiver, and say what it shows.

        Args:
            clip: The clip's file (MP4, WebM, MOV, GIF, ...) in base64, with or without "data:...;base64," before.
            hidden: What the model does not see: "image", "audio" or both.
            label: What it is told, as an index of its labels, or -1 for nothing.
            finer: "pixels" or "frames" to ask for twice as many as were read, "" for the clip as it was read.
            trace: The output whose attention is wanted: pixels (frame, row, column) counted from 0, then samples of the
                sound; -1 for the label, -2 for none.
            method: What is traced: "rollout" or "encoder".
            weights: "embedded" (small, always there) or "published" (large, downloaded when first asked for).

        Returns:
            mp4 (a file in base64: the clip rebuilt), labels (name, probability, index), windows, fps, sample_rate,
            psnr_db, ssim, snr_db (null where there is no sound), numbers, latent_numbers, attention, trace, run.
        """
        view = AvView(None, weights, tuple(hidden), None if label < 0 else int(label), finer, method, "linear")
        with TemporaryDirectory(prefix="perceiver-") as folder:
            given, made = Path(folder) / "given", Path(folder) / "rebuilt.mp4"
            given.write_bytes(_decoded(clip, "clip"))
            request = av_request(service, open_clip(given), view)
            asked = None if trace < -1 else Probe(None if trace < 0 else int(trace), method)
            result = service.run(replace(request, probe=asked))
            write_film(made, result.frames, result.audio, result)
            written = b64encode(made.read_bytes()).decode("ascii")
        told = ("labels", "windows", "fps", "sample_rate", "psnr_db", "ssim", "snr_db", "numbers", "latent_numbers")
        told += ("attention", "trace", "run")
        return {"mp4": written} | as_json({name: getattr(result, name) for name in told})

    return av_autoencoding


def _picture(written: str) -> Image:
    return open_image(_decoded(written, "picture"))


def _decoded(written: str, what: str) -> bytes:
    try:
        return b64decode("".join(written.rpartition(",")[2].split()), validate=True)
    except ValueError:
        raise InputError(f"The {what} is to be written in base64, and this is not.") from None


def as_json(value: Any) -> Any:
    """A result as what JSON can hold: dataclasses as objects, arrays as lists, bytes as hexadecimal digits, numbers
    that are not finite as null."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: as_json(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, dict):
        return {name: as_json(each) for name, each in value.items()}
    if isinstance(value, tuple):
        return [as_json(each) for each in value]
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value.hex() if isinstance(value, bytes) else value
