"""The parser of lessons."""

from pathlib import Path

import pytest

from models.data.lessons import Question, read_lesson, read_lessons

FRONT = "---\ntitle: A title\nminutes: 5\ngoal: do this.\n---\n\n"
STEP = """## First step

Some **text**.

```yaml
open: {page: sentiment, fields: {text: "a ## b"}}
look: Attention
question:
  text: Which?
  choices: [one, two]
  answer: two
  explanation: Since.
```
"""


def written(folder: Path, content: str, name: str = "01-a.md") -> Path:
    file = folder / name
    file.write_text(content, encoding="utf-8")
    return file


def test_a_lesson_is_read(tmp_path: Path) -> None:
    lesson = read_lesson(written(tmp_path, FRONT + STEP + STEP.replace("First", "Second")))
    assert (lesson.number, lesson.title, lesson.minutes, lesson.goal) == (1, "A title", 5, "do this.")
    assert [step.title for step in lesson.steps] == ["First step", "Second step"]
    step = lesson.steps[0]
    assert step.text == "Some **text**."
    assert step.open
    assert (step.open.page, step.open.fields, step.look) == ("sentiment", {"text": "a ## b"}, "Attention")
    assert step.question == Question("Which?", "two", "Since.", ("one", "two"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (STEP, "front matter"),
        (FRONT, "heading"),
        (FRONT + "Stray text.\n\n" + STEP, "heading"),
        (FRONT.replace("minutes: 5", "minutes: soon") + STEP, "minutes"),
        (FRONT.replace("minutes: 5\n", "") + STEP, "minutes"),
        (FRONT + "## First step\n\nNo block.\n", 'step "First step"'),
        (FRONT + STEP + "More text.\n", 'step "First step"'),
        (FRONT + STEP.replace("look:", "see:"), "see"),
        (FRONT + STEP.replace("page: sentiment, ", ""), "open.page"),
        (FRONT + STEP.replace("answer: two", "answer: three"), "choices"),
        (FRONT + STEP.replace("[one, two]", "[two, two]"), "choices"),
        (FRONT + STEP.replace("  choices: [one, two]\n", ""), "number"),
        (FRONT + STEP.replace("{page:", "{page"), "01-a.md"),
    ],
)
def test_an_error_says_where_it_is(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(ValueError, match=r"01-a\.md") as error:
        read_lesson(written(tmp_path, content))
    assert message in str(error.value)


def test_lessons_have_consecutive_numbers(tmp_path: Path) -> None:
    written(tmp_path, FRONT + STEP, "02-b.md")
    with pytest.raises(ValueError, match="numbered"):
        read_lessons(tmp_path)
    written(tmp_path, FRONT + STEP)
    read_lessons.cache_clear()
    assert [lesson.number for lesson in read_lessons(tmp_path)] == [1, 2]


@pytest.mark.parametrize(
    ("given", "right"),
    [("5.5", True), ("5.41", True), ("5.6", True), ("5.7", False), ("-5.5", False), ("five", False), ("", False)],
)
def test_a_number_is_right_within_its_tolerance(given: str, right: bool) -> None:
    assert Question("How many?", 5.5, "", tolerance=0.1).is_right(given) == right


def test_a_choice_is_right_only_as_it_is_written() -> None:
    question = Question("Which?", "two", "", ("one", "two"))
    assert question.is_right("two")
    assert not question.is_right("one")
