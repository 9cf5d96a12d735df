"""The lessons in Streamlit."""

from pages.lessons.screen import LessonsScreen
from pages.streamlit_ui.page import PageUi
from pages.streamlit_ui.shell import Page
from pages.view import at_once


def build(ui: PageUi[LessonsScreen]) -> None:
    ui.notice()
    ui.markup_output("reader", "", "lesson.js", at_once(ui.screen.turn_to))
    ui.save_menu("Save tasks", ui.screen.sheet_files)


PAGE = Page(LessonsScreen, build)
