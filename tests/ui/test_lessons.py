"""A lesson in a browser: by keyboard, as slides and on paper."""

import pytest
from playwright.sync_api import Page, expect

from models.data.lessons import Lesson, Step
from pages.lessons.screen import LESSONS
from tests.ui.visitor import Visit

pytestmark = pytest.mark.ui
RESULT = "#lessons-reader .lesson-step"
HEADING = ".lesson-step h2"
LISTEN = """() => addEventListener('beforeprint', () => {
  window.paper = document.querySelector('body > .lesson-print').innerText;
})"""
ON_PAPER = """() => {
  dispatchEvent(new Event('beforeprint'));
  return [...document.body.children].filter(each => each.getClientRects().length).map(each => each.className);
}"""
MOST_TABS = 20


def opened(visit: Visit, query: str = "", width: int = 1280) -> Page:
    page = visit("lessons", query, width)
    page.wait_for_selector(RESULT)
    return page


def tab_to(page: Page, selector: str) -> None:
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"{selector} is not reached")


def answer(page: Page, step: Step) -> None:
    tab_to(page, "[name=answer]")
    question = step.question
    if question.choices:
        for _ in range(question.choices.index(str(question.answer))):
            page.keyboard.press("ArrowDown")
        page.keyboard.press("Space")
    else:
        page.keyboard.type(str(question.answer))
    page.keyboard.press("Enter")


def complete(page: Page, lesson: Lesson) -> None:
    """All steps by keyboard, from the first one to that of the next lesson."""
    page.locator(HEADING).focus()
    for number, step in enumerate(lesson.steps, 1):
        expect(page.locator(HEADING)).to_have_text(step.title)
        expect(page.locator(HEADING)).to_be_focused()
        expect(page.locator(".lesson-verdict")).to_have_class("lesson-verdict empty")
        answer(page, step)
        expect(page.locator("form .lesson-verdict.right")).to_be_focused()
        expect(page.locator(".lesson-steps .right")).to_have_count(number)
        tab_to(page, "[data-way=next]")
        page.keyboard.press("Enter")
    expect(page.locator(HEADING)).to_have_text(LESSONS[lesson.number].steps[0].title)


def check_print(page: Page, lesson: Lesson) -> None:
    """Only the tasks of the lesson are on paper, without answers."""
    page.evaluate(LISTEN)
    assert page.pdf().count(b"/Type /Page\n") >= 2
    paper = page.evaluate("window.paper")
    assert all(step.title in paper for step in lesson.steps)
    assert f"/lessons?lesson={lesson.number}&step=2" in paper
    assert "http" not in paper
    assert not any(step.question.explanation in paper for step in lesson.steps)
    assert page.locator("body > .lesson-print").count() == 0
    page.emulate_media(media="print")
    assert page.evaluate(ON_PAPER) == ["lesson-print"]


def test_a_lesson_is_done_by_keyboard_and_printed(visit: Visit) -> None:
    lesson = LESSONS[0]
    page = opened(visit)
    complete(page, lesson)
    page.locator("[data-way=back]").click()
    page.wait_for_url("**lesson=1&step=4")
    check_print(page, lesson)


def test_a_step_opens_the_app_as_it_says(visit: Visit) -> None:
    page = opened(visit, "?lesson=9&step=3")
    with page.expect_popup() as popup:
        page.locator(".lesson-open a").click()
    app = popup.value
    expect(app.locator("#sentiment-text textarea")).to_have_value("One of the worst films of the year.")
    expect(app.locator("#sentiment-labels li").first).to_contain_text("negative")
    expect(app.locator("#sentiment-network")).to_be_in_viewport(ratio=0.3)
    app.locator(".lesson-guide a").click()
    expect(app.locator(HEADING)).to_have_text(LESSONS[8].steps[2].title)
    app.close()


def test_slides_fit_a_projector_and_turn_with_keys(visit: Visit) -> None:
    page = opened(visit, "?lesson=1&slides=1&answers=1")
    page.set_viewport_size({"width": 1280, "height": 720})
    steps = [step for lesson in LESSONS for step in lesson.steps]
    for step in steps:
        expect(page.locator(HEADING)).to_have_text(step.title)
        box = page.locator(".lesson.slides").evaluate(
            "each => [each.clientHeight, each.scrollHeight, each.clientWidth]"
        )
        assert box == [720, 720, 1280], step.title
        if step is not steps[-1]:
            page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    expect(page.locator(HEADING)).to_have_text(steps[-2].title)
    page.keyboard.press("Escape")
    expect(page.locator(".lesson.slides")).to_have_count(0)
