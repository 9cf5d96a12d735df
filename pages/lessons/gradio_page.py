"""The lessons in Gradio."""

from pages.gradio_ui.bind import AT_ONCE, EACH
from pages.gradio_ui.page import PageUi
from pages.gradio_ui.shell import Page
from pages.lessons.screen import LessonsScreen

EVENT = ("lesson", "step", "slides", "answers", "whole", "answer")


def build(ui: PageUi[LessonsScreen]) -> None:
    ui.notice()
    ui.markup_output("reader", behavior="lesson.js")
    ui.save_menu("Save tasks", ui.screen.sheet_files, ("html",))
    binding = ui.bind()
    binding.on(ui.parts["reader"].select, ui.screen.turn_to, data=EVENT, **EACH, **AT_ONCE)
    ui.open(binding)


PAGE = Page(LessonsScreen, build)
