"""Text of lessons, and what they say of an answer."""

from collections.abc import Iterable, Sequence

from markdown_it import MarkdownIt
from markupsafe import Markup

from components.html.terms import mark_terms
from components.words.quotes import quoted
from models.data.glossary import read_glossary
from models.data.lessons import Question

_MARKDOWN = MarkdownIt()
VERDICT = Markup('<div class="lesson-verdict {}" role="status" tabindex="-1"><p><b>{}</b></p>{}</div>')


def verdict(question: Question, given: Sequence[str], revealed: bool, refused: str = "") -> Markup:
    """Empty until there is an answer. given: all answers so far. refused: what was typed and is no number."""
    if refused:
        unit = f" (unit: {question.unit})" if question.unit else ""
        return VERDICT.format("refused", f"{quoted(refused)} is not a number. Type the result as one number{unit}.", "")
    if not revealed and not given:
        return VERDICT.format("empty", "", "")
    if not revealed and not question.is_decided(given):
        return VERDICT.format("again", "✗ Wrong. You have one more try.", "")
    right = question.is_solved(given)
    label = "✗ Wrong. The answer is" if given else "Answer"
    words = Markup("✓ Right.") if right else render_inline(f"{label}: {_answer(question)}")
    kind = "right" if right else "wrong" if given else ""
    return VERDICT.format(kind, words, render_markdown(question.explanation))


def _answer(question: Question) -> str:
    if isinstance(question.answer, str):
        return question.answer
    return f"{question.answer:,g}{'' if question.unit == '%' else ' '}{question.unit}".strip()


def render_markdown(markdown: str, terms: set[str] | None = None) -> Markup:
    """terms: those that the reader has seen; others of the glossary have a tooltip and are added. None: no tooltips."""
    marked = markdown if terms is None else mark_terms(markdown, read_glossary(), terms)
    return Markup(_MARKDOWN.render(marked))  # noqa: S704 lessons are our own


def render_inline(markdown: str) -> Markup:
    return Markup(_MARKDOWN.renderInline(markdown))  # noqa: S704 lessons are our own


def join(parts: Iterable[Markup]) -> Markup:
    return Markup("").join(parts)
