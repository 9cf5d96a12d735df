"""Lessons: steps, answers, links to prepared states, and the sheet to print."""

from functools import cache
from urllib.parse import parse_qsl, urlsplit

import pytest

from models.backend.shapes import recorded
from models.data.glossary import read_glossary
from models.data.lessons import Lesson, Prepared, Step
from models.schema import InputError
from pages.gradio_ui.pages import PAGES
from pages.gradio_ui.queue import Places
from pages.gradio_ui.shell import create_blocks
from pages.guide import guide_of
from pages.lessons.prepared import link_of, state_of
from pages.lessons.screen import LESSONS, LessonsScreen
from pages.screen import Update
from pages.session import Session, SessionStore
from tests.fake_backend import FakeBackend
from tests.markup import Elements

PART = "reader"
STEPS = [(lesson, number, step) for lesson in LESSONS for number, step in enumerate(lesson.steps, 1)]
IDS = [f"{lesson.number}-{number}" for lesson, number, _ in STEPS]
SCREENS = {page.name: page.screen for page in PAGES}


@pytest.fixture
def screen() -> LessonsScreen:
    return LessonsScreen(FakeBackend({}))


@cache
def part_ids() -> set[str]:
    """Of all elements of the app."""
    blocks = create_blocks(FakeBackend({}, recorded()), PAGES, SessionStore(), Places())
    return {each.elem_id for each in blocks.blocks.values() if getattr(each, "elem_id", None)}


def opened(screen: LessonsScreen, session: Session, **params: str) -> Update:
    shown: Update = {}
    for update in screen.open(session, params):
        shown |= update
    return shown


def verdict(update: Update) -> str:
    (found,) = Elements(markup_of(update, "article")).of("div", "lesson-verdict")
    return (found["class"] or "").removeprefix("lesson-verdict ")


def markup_of(update: Update, tag: str) -> str:
    markup = str(update[PART])
    return markup[markup.index(f"<{tag}") : markup.index(f"</{tag}>")]


def marked_right(update: Update) -> bool:
    """Whether the current step has a check mark."""
    (button,) = [each for each in Elements(update[PART]).of("button") if each.get("aria-current") == "step"]
    return button["class"] == "right"


def shown_title(update: Update) -> str:
    return Elements(markup_of(update, "h2")).text


def wrong_answer(step: Step) -> str:
    question = step.question
    return next((each for each in question.choices if each != question.answer), "-1")


@pytest.mark.parametrize(("lesson", "number", "step"), STEPS, ids=IDS)
def test_a_step_opens_the_state_that_it_describes(lesson: Lesson, number: int, step: Step) -> None:
    assert step.open
    path, query = (
        urlsplit(link_of(step.open, lesson.number, number)).path,
        dict(parse_qsl(urlsplit(link_of(step.open, lesson.number, number)).query, keep_blank_values=True)),
    )
    name = PAGES[0].name if path == "./" else path
    kind = SCREENS[name].state
    assert query["guide"] == f"{lesson.number}.{number}"
    assert guide_of(query["guide"], "lessons") == ""
    (line,) = Elements(guide_of(query["guide"], name)).of("p", "lesson-guide")
    assert line["data-part"] in part_ids()
    assert {"href": f"lessons?lesson={lesson.number}&step={number}"} in Elements(guide_of(query["guide"], name)).of("a")
    state, problems = kind.from_query(query, kind())
    assert problems == ()
    assert state == state_of(step.open)
    assert all(
        getattr(state, field) == getattr(kind.from_values({field: value}, kind()), field)
        for field, value in step.open.fields.items()
    )


@pytest.mark.parametrize(
    "prepared",
    [
        Prepared("nowhere"),
        Prepared("sentiment", fields={"txt": "a"}),
        Prepared("sentiment", fields={"head": -1}),
        Prepared("sentiment", example=99),
        Prepared("image_classification", example=99),
    ],
)
def test_a_state_that_does_not_exist_is_an_error(prepared: Prepared) -> None:
    with pytest.raises((ValueError, InputError)):
        link_of(prepared, 1, 1)


@pytest.mark.parametrize(("lesson", "number", "step"), STEPS, ids=IDS)
def test_the_answer_is_shown_once_there_is_one(
    screen: LessonsScreen, session: Session, lesson: Lesson, number: int, step: Step
) -> None:
    update = opened(screen, session, lesson=str(lesson.number), step=str(number))
    assert shown_title(update) == step.title
    assert verdict(update) == "empty"
    update = screen.turn_to(session, screen.initial, lesson.number, number, answer=str(step.question.answer))
    assert verdict(update) == "right"
    assert marked_right(update)


@pytest.mark.parametrize("at", [1, 2, 3], ids=["3 choices", "number", "2 choices"])
def test_a_wrong_answer_leaves_one_more_try_and_one_of_two_choices_none(
    screen: LessonsScreen, session: Session, at: int
) -> None:
    two = next(at for at, (_, _, step) in enumerate(STEPS) if step.question.tries == 1)
    lesson, number, step = STEPS[(0, 1, two)[at - 1]]
    opened(screen, session, lesson=str(lesson.number), step=str(number))
    tries = step.question.tries
    assert tries == (1 if at == 3 else 2)
    for left in reversed(range(tries)):
        update = screen.turn_to(session, screen.initial, lesson.number, number, answer=wrong_answer(step))
        assert verdict(update) == ("again" if left else "wrong")
        assert (step.question.explanation[:25] in Elements(update[PART]).text) == (not left)
    update = screen.turn_to(session, screen.initial, lesson.number, number, answer=str(step.question.answer))
    assert verdict(update) == "wrong"  # the answer was there to copy
    assert not marked_right(update)


def test_a_second_right_answer_counts(screen: LessonsScreen, session: Session) -> None:
    opened(screen, session)
    screen.turn_to(session, screen.initial, 1, 2, answer="36")
    assert verdict(screen.turn_to(session, screen.initial, 1, 2, answer="36,864")) == "right"


@pytest.mark.parametrize("typed", ["36 x 1024", "36*1024", "3,6864", "5,5", "", "nan"])
def test_what_is_not_a_number_is_refused_and_is_no_try(screen: LessonsScreen, session: Session, typed: str) -> None:
    opened(screen, session)
    for _ in range(2):
        update = screen.turn_to(session, screen.initial, 1, 2, answer=typed)
        assert verdict(update) == ("refused" if typed else "empty")
    assert verdict(screen.turn_to(session, screen.initial, 1, 2, answer="36864")) == "right"


def test_an_answer_next_to_the_shown_one_does_not_count(screen: LessonsScreen, session: Session) -> None:
    opened(screen, session)
    screen.turn_to(session, screen.initial, 1, 2, answers=True, answer="36864")
    assert verdict(screen.turn_to(session, screen.initial, 1, 2)) == "empty"


def test_a_lesson_ends_with_what_was_learned_and_leads_to_the_next(screen: LessonsScreen, session: Session) -> None:
    for lesson in LESSONS[-2:]:
        opened(screen, session, lesson=str(lesson.number))
        for number, step in enumerate(lesson.steps, 1):
            update = screen.turn_to(session, screen.initial, lesson.number, number)
            assert not Elements(update[PART]).of("p", "lesson-end")
            update = screen.turn_to(session, screen.initial, lesson.number, number, answer=str(step.question.answer))
        found = Elements(markup_of(update, "article"))
        assert found.of("p", "lesson-end")
        assert f"{number} of {number} questions right" in found.text
        assert found.text.count(lesson.goal) == 2
        assert ("Next lesson" in found.text) == (lesson is not LESSONS[-1])


def test_one_sheet_has_the_tasks_of_all_lessons(screen: LessonsScreen, session: Session) -> None:
    update = opened(screen, session, whole="1")
    sheets = str(update[PART]).partition("lesson-print")[2]
    assert all(step.question.text[:20].replace('"', "&quot;") in sheets for _, _, step in STEPS)
    assert sheets.count('class="lesson-name"') == len(LESSONS)
    assert "http" not in sheets


def test_back_and_next_lead_through_all_steps(screen: LessonsScreen, session: Session) -> None:
    update, titles = opened(screen, session), []
    while True:
        titles.append(shown_title(update))
        ways = {each["data-way"]: each for each in Elements(update[PART]).of("button") if "data-way" in each}
        assert ("back" in ways) == (len(titles) > 1)
        if "next" not in ways:
            break
        way = ways["next"]
        update = screen.turn_to(session, screen.initial, int(way["data-lesson"] or 0), int(way["data-step"] or 0))
    assert titles == [step.title for _, _, step in STEPS]


def test_answers_are_kept_on_another_step_and_after_a_link(screen: LessonsScreen, session: Session) -> None:
    opened(screen, session)
    screen.turn_to(session, screen.initial, 1, 1, answer=str(LESSONS[0].steps[0].question.answer))
    assert verdict(screen.turn_to(session, screen.initial, 1, 2)) == "empty"
    assert verdict(opened(screen, session, lesson="1", step="1")) == "right"


def test_a_link_describes_the_view(screen: LessonsScreen, session: Session) -> None:
    opened(screen, session)
    update = screen.turn_to(session, screen.initial, 2, 3, slides=True, answers=True)
    params = dict(parse_qsl(update["link"]))
    state, problems = screen.state.from_query(params, screen.initial)
    assert (state.lesson, state.step, state.slides, state.answers, problems) == (2, 3, True, True, ())
    assert Elements(update[PART]).of("div", "slides")


def test_a_link_to_a_step_that_does_not_exist_opens_the_last_one(screen: LessonsScreen, session: Session) -> None:
    assert shown_title(opened(screen, session, lesson="2", step="99")) == LESSONS[1].steps[-1].title
    opened(screen, session, lesson="99")
    assert session.get().state.lesson == 1


@pytest.mark.parametrize("answers", [False, True])
def test_the_sheet_has_all_tasks_and_answers_only_on_request(
    screen: LessonsScreen, session: Session, answers: bool, tmp_path
) -> None:
    opened(screen, session, lesson="9", answers=str(int(answers)))
    file = screen.files(session, screen.initial, screen.sheet_files).write_to("html", tmp_path)
    page = file.read_text(encoding="utf-8")
    for step in LESSONS[8].steps:
        assert step.title in page
        assert (step.question.explanation[:25].replace('"', "&quot;") in page) == answers


def test_slides_of_one_step_hold_no_more_than_fits(screen: LessonsScreen) -> None:
    """About 14 lines of 50 characters on each half of a slide."""
    for lesson, number, step in STEPS:
        question = step.question
        right = [question.text, *question.choices, str(question.answer), question.explanation]
        assert len(step.text) < 520, (lesson.number, number)
        assert sum(map(len, right)) + 30 * len(question.choices) < 720, (lesson.number, number)


def test_a_program_gets_a_lesson(screen: LessonsScreen) -> None:
    answer = screen.call(screen.initial.changed(lesson=3))
    assert isinstance(answer, dict)
    assert answer["number"] == 3
    assert answer["steps"][0]["question"]["answer"] == LESSONS[2].steps[0].question.answer


def test_terms_are_defined_once_per_step(screen: LessonsScreen, session: Session) -> None:
    marked = Elements(markup_of(opened(screen, session, lesson="1"), "article")).of("abbr", "term")
    definitions = [each["title"] or "" for each in marked]
    assert definitions
    assert {*definitions} <= {*read_glossary().values()}
    assert len({*definitions}) == len(definitions)
