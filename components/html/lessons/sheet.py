"""All steps of a lesson as tasks to print, with or without answers."""

from pathlib import Path

from markupsafe import Markup

from components.html.lessons.answer import join, render_inline, render_markdown, verdict
from models.data.lessons import Lesson, Question

_STYLE = Markup(Path(__file__).with_name("sheet.css").read_text(encoding="utf-8"))  # noqa: S704 our own
SHEET = Markup("""<div class="lesson-sheet"><style>{style}</style><h1>{number}. {title}</h1>
{name}<p>Goal: {goal}</p>{tasks}</div>""")
NAME = Markup('<p class="lesson-name">Name: <i></i> Date: <i></i></p>')
TASK = Markup("""<section><h2>{number}. {title}</h2>{text}
<p class="lesson-where">{look}Lesson {lesson}, step {number}: /lessons?lesson={lesson}&amp;step={number}</p>
<p><b>{question}</b></p>{fields}</section>""")


def sheet(lesson: Lesson, revealed: bool) -> Markup:
    """All steps as tasks to print. revealed: with the answers."""
    tasks = join(
        TASK.format(
            number=at,
            title=step.title,
            text=render_markdown(step.text),
            lesson=lesson.number,
            look=f"Look at: {step.look}. " if step.look else "",
            question=render_inline(step.question.text),
            fields=_written_question(step.question, revealed),
        )
        for at, step in enumerate(lesson.steps, 1)
    )
    name = Markup() if revealed else NAME
    return SHEET.format(
        style=_STYLE, name=name, number=lesson.number, title=lesson.title, goal=lesson.goal, tasks=tasks
    )


def _written_question(question: Question, revealed: bool) -> Markup:
    """Choices to tick, or a blank line; with the answer, if it is revealed."""
    items = join(Markup("<li>{}</li>").format(render_inline(choice)) for choice in question.choices)
    fields = (
        Markup('<ul class="lesson-boxes">{}</ul>').format(items)
        if items
        else Markup('<p class="lesson-blank">Answer: <i></i> {}</p>').format(question.unit)
    )
    return fields + (
        verdict(question, (), revealed) if revealed else Markup('<p class="lesson-blank">Because: <i></i></p>')
    )
