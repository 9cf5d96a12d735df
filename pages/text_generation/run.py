"""A generated text as the page keeps it."""

from dataclasses import dataclass, field

from components.html.text.compared import Compared
from components.words.generation import generation_progress, generation_summary
from models.schema import GeneratedToken, TextGenerationStep
from pages.screen import Notice, Run
from pages.session import Job
from pages.text_generation.state import TextGenerationState


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

    @property
    def notice(self) -> Notice:
        """How the generation goes, or ended."""
        if not self.over:
            short = "Generating again with a short prefix …"
            return Notice(short if self.short else generation_progress(self.step))
        if not self.tokens:
            return Notice("Stopped before the first token.")
        return Notice(generation_summary(self.step, stopped=not self.finished))
