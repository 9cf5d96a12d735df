"""A lesson as the reader shows it: the list of lessons, one step with its question, and the sheet to print.

`components/js/lesson.js` makes the buttons work.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from components.html.lessons.answer import join, render_inline, render_markdown, verdict
from components.html.lessons.sheet import sheet
from models.data.lessons import Lesson, Question, Step

Address = Callable[[Step, int, int], str]
"""Link to the prepared state of a step in the app, or "", from the step and the numbers of lesson and step."""

READER = Markup("""<div class="lesson{kind}" data-lesson="{lesson}" data-step="{step}" data-slides="{slides}"
 data-answers="{answers}" data-whole="{whole}">
<nav class="lesson-list" aria-label="Lessons"><ol>{lessons}</ol></nav>
<article><p class="lesson-goal"><b>{title}</b> · {minutes} minutes. Goal: {goal}</p>
<ol class="lesson-steps">{steps}</ol>
<div class="lesson-step"><section><h2 tabindex="-1">{heading}</h2>{text}{open}</section>{question}</div>
{end}<p class="lesson-ways">{ways}</p></article>
<div class="lesson-print" hidden>{sheets}</div></div>""")
GO = Markup('<button type="button" data-lesson="{}" data-step="{}"{}>{}</button>')
OPEN = Markup('<p class="lesson-open">{}{}</p>')
QUESTION = Markup("""<form class="lesson-question"><fieldset><legend>{text}</legend>{fields}</fieldset>
<button type="submit">Check answer</button>{verdict}</form>""")
CHOICE = Markup('<label><input type="radio" name="answer" value="{}" required{}> <span>{}{}</span></label>')
NUMBER = Markup(
    '<label><span class="sr-only">Answer, a number</span><input inputmode="decimal" autocomplete="off" name="answer" '
    'value="{}" required> {}</label>'
)
END = Markup(
    '<p class="lesson-end" role="status"><b>End of lesson {}.</b> {} of {} questions right. You can now {}{}</p>'
)
MARKS = {
    True: Markup(' <b class="lesson-mark right">✓ right</b>'),
    False: Markup(' <b class="lesson-mark">✗ wrong</b>'),
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where the reader is. step: counting from 1. answers: (lesson, step) -> all answers that count.

    revealed: whether all answers are shown. slides: whether the step fills the screen. whole: whether all lessons are
    on the sheet to print. refused: an answer that is not a number.
    """

    step: int
    answers: Mapping[tuple[int, int], tuple[str, ...]]
    revealed: bool = False
    slides: bool = False
    whole: bool = False
    refused: str = ""


def reader(lessons: Sequence[Lesson], lesson: Lesson, place: Place, address: Address) -> Markup:
    """The page of a lesson."""
    number, step = lesson.number, lesson.steps[place.step - 1]
    given = place.answers.get((number, place.step), ())
    return READER.format(
        kind=" slides" if place.slides else "",
        lesson=number,
        step=place.step,
        slides="1" if place.slides else "",
        answers="1" if place.revealed else "",
        whole="1" if place.whole else "",
        lessons=join(_lesson_button(each, each is lesson, place) for each in lessons),
        title=f"{number}. {lesson.title}",
        minutes=lesson.minutes,
        goal=lesson.goal,
        steps=join(_step_button(lesson, at, place) for at in range(1, len(lesson.steps) + 1)),
        heading=step.title,
        text=render_markdown(step.text, terms=set()),
        open=_open(step, address(step, number, place.step)),
        question=_question(step.question, given, place),
        end=_end(lessons, lesson, place),
        ways=_ways(lessons, lesson, place),
        sheets=sheets(lessons, lesson, place),
    )


def sheets(lessons: Sequence[Lesson], lesson: Lesson, place: Place) -> Markup:
    """What is printed: the tasks of the lesson, or of all."""
    return join(sheet(each, place.revealed) for each in (lessons if place.whole else [lesson]))


def _lesson_button(lesson: Lesson, current: bool, place: Place) -> Markup:
    done = sum((lesson.number, at) in place.answers for at in range(1, len(lesson.steps) + 1))
    mark = (
        Markup(' <small class="lesson-done">{} of {} answered</small>').format(done, len(lesson.steps)) if done else ""
    )
    label = Markup("{}{}").format(lesson.title, mark)
    return Markup("<li>{}</li>").format(
        GO.format(lesson.number, 1, Markup(' aria-current="true"') if current else "", label)
    )


def _step_button(lesson: Lesson, at: int, place: Place) -> Markup:
    given, step = place.answers.get((lesson.number, at), ()), lesson.steps[at - 1]
    state = "" if not step.question.is_decided(given) else ", right" if step.question.is_solved(given) else ", wrong"
    more = Markup(' aria-label="Step {}: {}{}" class="{}"{}').format(
        at, step.title, state, state.strip(", "), Markup(' aria-current="step"') if at == place.step else ""
    )
    return Markup("<li>{}</li>").format(GO.format(lesson.number, at, more, at))


def _open(step: Step, address: str) -> Markup:
    if step.open is None:
        return Markup()
    look = Markup(" <span>Look at: <b>{}</b></span>").format(step.look) if step.look else ""
    return OPEN.format(
        Markup('<a href="{}" target="perceiver-lesson">Open in the app</a>').format(address),
        look,
    )


def _question(question: Question, given: Sequence[str], place: Place) -> Markup:
    if question.choices:
        shown = place.revealed or question.is_decided(given)
        marks = dict.fromkeys(given, MARKS[False]) | ({str(question.answer): MARKS[True]} if shown else {})
        chosen = {each: Markup(" checked") for each in given[-1:]}
        fields = join(
            CHOICE.format(choice, chosen.get(choice, ""), render_inline(choice), marks.get(choice, ""))
            for choice in question.choices
        )
    else:
        fields = NUMBER.format(place.refused or "".join(given[-1:]), question.unit)
    found = verdict(question, given, place.revealed, place.refused)
    return QUESTION.format(text=render_inline(question.text), fields=fields, verdict=found)


def _end(lessons: Sequence[Lesson], lesson: Lesson, place: Place) -> Markup:
    """What was learned, once the last question is decided."""
    last = len(lesson.steps)
    given = [place.answers.get((lesson.number, at), ()) for at in range(1, last + 1)]
    if place.step != last or not (place.revealed or lesson.steps[-1].question.is_decided(given[-1])):
        return Markup()
    right = sum(step.question.is_solved(each) for step, each in zip(lesson.steps, given, strict=True))
    following = lessons[lesson.number : lesson.number + 1]
    link = join(GO.format(each.number, 1, "", f"Next lesson: {each.number}. {each.title}") for each in following)
    return END.format(lesson.number, right, last, f"{lesson.goal} ", link)


def _ways(lessons: Sequence[Lesson], lesson: Lesson, place: Place) -> Markup:
    """Back and next, over the borders of lessons; slides; printing."""
    pairs = [(each.number, at) for each in lessons for at in range(1, len(each.steps) + 1)]
    here = pairs.index((lesson.number, place.step))
    onward = "Next lesson" if place.step == len(lesson.steps) else "Next"
    ways = [
        GO.format(*pairs[at], Markup(' data-way="{}"').format(way), label)
        for at, way, label in ((here - 1, "back", "Back"), (here + 1, "next", onward))
        if 0 <= at < len(pairs)
    ]
    tools = {
        "slides": "Leave slides (Esc)" if place.slides else "Slides",
        "answers": "Hide answers" if place.revealed else "Show all answers",
        "print": "Print tasks and answers" if place.revealed else "Print tasks",
        "whole": f"Print all {len(lessons)} lessons",
    }
    buttons = join(Markup('<button type="button" data-tool="{}">{}</button>').format(*tool) for tool in tools.items())
    return join([*ways, Markup('<span class="lesson-tools">{}</span>').format(buttons)])
