"""The main calls of the pages over texts as functions for programs: `gradio_client`, HTTP and MCP."""

from collections.abc import Callable
from typing import Any, Literal

from models.backend.local import ModelService
from models.backend.protocol import unwrap
from models.schema import (
    FineTuneRequest,
    Probe,
    SentimentRequest,
    TextGenerationRequest,
    TokenAt,
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


def text_generation_call(service: ModelService) -> Callable[..., dict[str, Any]]:
    @for_callers
    def text_generation(
        prompt: str,
        num_latents: int = 0,
        max_new_tokens: int = 200,
        do_sample: bool = True,
        temperature: float = 0.8,
        top_k: int = 0,
        top_p: float = 0.95,
        seed: int = 0,
        prefix: int = -1,
        cut: bool = False,
        stop: list[str] = [],  # noqa: B006  (as above)
        trace: int = -1,
        method: Literal["rollout", "encoder", "decoder"] = "rollout",
        weights: Literal["embedded", "published"] = service.default_weights,
    ) -> dict[str, Any]:
        """Write a text on with a Perceiver AR, and trace one of the written tokens to what it was read from.

        Args:
            prompt: How the text begins.
            num_latents: How many of its last tokens are latents, or 0: as many as fit. The rest is prefix.
            max_new_tokens: How many tokens to write at most; with the embedded model a token is a byte.
            do_sample: Whether each token is drawn; else it is the likeliest.
            temperature: Above 0; the lower, the surer the draws.
            top_k: Draw among so many of the likeliest, or 0: among all.
            top_p: Draw among the likeliest that make up so much, above 0 to 1.
            seed: Of the draws: the same seed writes the same text.
            prefix: How many tokens before the latents are read at most, or -1: all.
            cut: Whether a prompt that is longer than the context is cut from the left instead of refused.
            stop: The text ends after any of these.
            trace: The written token whose attention is wanted, counted from 0, or -1 for none.
            method: What is traced: "encoder" is the cross-attention, "decoder" the last layer among latents, or
                "rollout".
            weights: "embedded" (small, always there) or "published" (large, downloaded when first asked for).

        Returns:
            text, tokens (id, content as hexadecimal digits, probability, alternatives, how the text lay), ended, cut,
            tokens_per_second, traced, dropped, prefix_length, latents, attention, run.
        """
        asked = Probe(TokenAt(int(trace)), method) if trace >= 0 else None
        result = service.run(
            TextGenerationRequest(
                prompt,
                int(num_latents) or None,
                int(max_new_tokens),
                do_sample,
                int(top_k),
                temperature,
                int(seed),
                asked,
                weights,
                top_p,
                None if prefix < 0 else int(prefix),
                cut,
                tuple(stop),
            )
        )
        told = ("text", "tokens", "ended", "cut", "tokens_per_second", "traced", "dropped", "prefix_length", "latents")
        return as_json({name: getattr(result, name) for name in (*told, "attention", "run")})

    return text_generation
