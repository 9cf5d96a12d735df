"""The main calls of the pages over texts as functions for programs: `gradio_client`, HTTP and MCP."""

from collections.abc import Callable
from typing import Any, Literal

from models.backend.local import ModelService
from models.backend.protocol import unwrap
from models.schema import (
    FineTuneRequest,
    SentimentRequest,
)
from pages.as_json import as_json
from pages.page import for_callers


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
        """Teach a Perceiver to tell texts apart by rows with labels, and classify new texts with what it has learned.

        Nothing is kept after the call.

        Args:
            rows: [text, label] each; 2 to 20 labels. A fifth is held out.
            texts: New texts to classify.
            epochs: How often each row is learned from.
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
        answers = unwrap(service.run_all([SentimentRequest(text, model=last.model) for text in texts]))
        return as_json(
            {
                "labels": last.model.labels if last.model else (),
                "losses": tuple(step.loss for step in steps[1:]),
                "accuracy": last.validation_accuracy,
                "confusion": last.held_out.confusion if last.held_out else None,
                "answers": tuple(answer.labels for answer in answers),
                "run": last.run,
            }
        )

    return fine_tuning
