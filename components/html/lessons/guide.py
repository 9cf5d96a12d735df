"""The line on a page that a step of a lesson opened: what to look at, and the way back."""

from markupsafe import Markup

from models.data.lessons import Lesson

GUIDE = Markup(
    '<p class="lesson-guide" data-part="{part}" data-inside="{inside}"><span>Lesson {lesson}, step {number}: look at '
    '<b>{look}</b></span> <a href="lessons?lesson={lesson}&amp;step={number}">Back to the step</a></p>'
)


def guide(lesson: Lesson, number: int) -> Markup:
    """number: of the step, counting from 1."""
    step = lesson.steps[number - 1]
    part = f"{step.open.page}-{step.part}" if step.open else ""
    return GUIDE.format(part=part, inside=step.inside, lesson=lesson.number, number=number, look=step.look)
