"""How a text generation goes, and how it ended, in words."""

from models.schema import FinishReason, TextGenerationStep

ENDINGS: dict[FinishReason, str] = {
    "length": "Done",
    "stop": "Reached a stop string",
    "end": "The model ended the text",
    "time": "Time limit reached",
}


def generation_progress(step: TextGenerationStep) -> str:
    if not step.tokens:
        return "Reading the prompt …"
    return f"{len(step.tokens):,} tokens, {step.tokens_per_second:.0f} tokens/s …"


def generation_summary(step: TextGenerationStep, stopped: bool) -> str:
    """Why the text ends, and how fast it was. step: the last one. stopped: by the visitor."""
    reason = "Stopped" if stopped or step.finish_reason is None else ENDINGS[step.finish_reason]
    text = f"{reason}: {len(step.tokens):,} tokens, {step.tokens_per_second:.0f} tokens/s, "
    text += f"first token after {step.first_seconds:.2f} s."
    if step.cut:
        text += f" The prompt was truncated: its first {step.cut:,} tokens were not read."
    return f"{text} Click a token to see its attention."
