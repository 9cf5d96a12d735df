"""Text of lessons, and what they say of an answer."""

from collections.abc import Iterable

from markdown_it import MarkdownIt
from markupsafe import Markup

from models.data.lessons import Question

_MARKDOWN = MarkdownIt()
VERDICT = Markup('<div class="lesson-verdict {}" role="status" tabindex="-1"><p><b>{}</b></p>{}</div>')


def verdict(question: Question, given: str | None, revealed: bool) -> Markup:
    """Empty until there is an answer."""
    if given is None and not revealed:
        return VERDICT.format("empty", "", "")
    right = given is not None and question.is_right(given)
    label = "Answer" if given is None else "Not quite. The answer is"
    words = Markup("Right.") if right else render_inline(f"{label}: {_answer(question)}")
    kind = "right" if right else "wrong" if given else ""
    return VERDICT.format(kind, words, render_markdown(question.explanation))


def _answer(question: Question) -> str:
    if isinstance(question.answer, str):
        return question.answer
    return f"{question.answer:,g}{'' if question.unit == '%' else ' '}{question.unit}".strip()


def render_markdown(markdown: str) -> Markup:
    return Markup(_MARKDOWN.render(markdown))  # noqa: S704 HTML in it is escaped


def render_inline(markdown: str) -> Markup:
    return Markup(_MARKDOWN.renderInline(markdown))  # noqa: S704 HTML in it is escaped


def join(parts: Iterable[Markup]) -> Markup:
    return Markup("").join(parts)
