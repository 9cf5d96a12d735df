"""A generated text as the page keeps it."""

from dataclasses import dataclass, field

from components.html.text.compared import Compared
from models.schema import FinishReason, GeneratedToken, TextGenerationStep
from pages.screen import Notice, Run
from pages.session import Job
from pages.text_generation.state import TextGenerationState

ENDINGS: dict[FinishReason, str] = {
    "length": "Done",
    "stop": "Reached a stop string",
    "end": "The model ended the text",
    "time": "Time limit reached",
}


@dataclass(frozen=True, slots=True)
class TextGenerationRun(Run[TextGenerationState]):
    """A text, finished or under way.

    job: that generates it. step: the last one that it computed. earlier: tokens of the runs that this one continues.
    short: the text with the short prefix. trace: a step with the attention of one token, which took all tokens as
    they are.
    """

    step: TextGenerationStep
    job: Job = field(default_factory=Job)
    earlier: tuple[GeneratedToken, ...] = ()
    short: Compared | None = None
    trace: TextGenerationStep | None = None

    @property
    def tokens(self) -> tuple[GeneratedToken, ...]:
        return self.earlier + self.step.tokens

    @property
    def short_tokens(self) -> tuple[GeneratedToken, ...]:
        return self.short.earlier + self.short.step.tokens if self.short else ()

    @property
    def finished(self) -> bool:
        """Whether the text, and the one with the short prefix if there is to be one, came to an end by itself."""
        return bool(
            self.step.finish_reason and (not self.state.compare or (self.short and self.short.step.finish_reason))
        )

    @property
    def over(self) -> bool:
        """Whether no more tokens will come."""
        return self.finished or self.job.over

    def token(self) -> int:
        """The token that is traced: the selected one, or the first of those generated last."""
        selected = len(self.earlier) if self.state.token is None else self.state.token
        return min(selected, len(self.tokens) - 1)


def progress_notice(run: TextGenerationRun) -> Notice:
    step = run.step
    if run.short:
        return Notice("Generating again with a short prefix …")
    if not step.tokens:
        return Notice("Reading the prompt …")
    return Notice(f"{len(step.tokens):,} tokens, {step.tokens_per_second:.0f} tokens/s …")


def final_notice(run: TextGenerationRun) -> Notice:
    """How the generation ended, and how fast it was."""
    step = run.step
    if not run.tokens:
        return Notice("Stopped before the first token.")
    why = ENDINGS[step.finish_reason] if run.finished else "Stopped"
    text = f"{why}: {len(step.tokens):,} tokens, {step.tokens_per_second:.0f} tokens/s, "
    text += f"first token after {step.first_seconds:.2f} s."
    if step.cut:
        text += f" The prompt was truncated: its first {step.cut:,} tokens were not read."
    return Notice(f"{text} Click a token to see its attention.")
