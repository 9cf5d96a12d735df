"""Lessons: each step opens a prepared state of the app, and asks a question. The page runs no model."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace

from components.html.lessons.reader import Place, reader, sheets
from models.data.lessons import Lesson, Step, read_lessons
from pages.lessons.prepared import link_of
from pages.screen import Files, Run, Screen, Update, on_run
from pages.session import Session
from pages.state import State, control

NAME = "lessons"
LESSONS = read_lessons()


class LessonsState(State):
    lesson: int = control(1, "Lesson", "Number of the lesson.", role="selection", link="always", ge=1, le=len(LESSONS))
    step: int = control(1, "Step", "Number of the step.", role="selection", ge=1)
    slides: bool = control(False, "Slides", "Whether a step fills the screen.", role="selection")
    answers: bool = control(False, "Answers", "Whether all answers are shown.", role="selection")
    whole: bool = control(False, "All lessons", "Whether the sheet to print has all lessons.", role="selection")


@dataclass(frozen=True, slots=True)
class LessonsRun(Run[LessonsState]):
    """answers: (lesson, step) -> what the visitor answered, until the answer was shown. refused: what is no answer."""

    answers: Mapping[tuple[int, int], tuple[str, ...]] = field(default_factory=dict)
    refused: str = ""

    @property
    def lesson(self) -> Lesson:
        return LESSONS[self.state.lesson - 1]

    @property
    def place(self) -> Place:
        state = self.state
        return Place(state.step, self.answers, state.answers, state.slides, state.whole, self.refused)

    def answered(self, at: tuple[int, int], answer: str) -> "LessonsRun":
        """An answer after the right one was shown does not count."""
        question, before = LESSONS[at[0] - 1].steps[at[1] - 1].question, self.answers.get(at, ())
        if not question.is_answer(answer):
            return replace(self, refused=answer[:40])
        if self.state.answers or question.is_decided(before):
            return self
        return replace(self, answers={**self.answers, at: (*before, answer)})


class LessonsScreen(Screen[LessonsState, LessonsRun]):
    name = NAME
    state = LessonsState
    variants = ()
    required = ("lesson",)
    page_only = ("step", "slides", "answers", "whole")

    def run(self, state: LessonsState) -> LessonsRun:
        return LessonsRun(state)

    def fit(self, state: LessonsState) -> LessonsState:
        return state.changed(step=min(state.step, len(LESSONS[state.lesson - 1].steps)))

    def show(self, run: LessonsRun) -> Update:
        return {"reader": reader(LESSONS, run.lesson, run.place, _address), "link": self.link(run.state)}

    def open_link(self, session: Session, state: LessonsState) -> Update:
        """Another step does not forget the answers."""
        kept = self.kept(session)
        return self.keep(session, LessonsRun(state, kept.answers if kept else {}))

    @on_run
    def turn_to(
        self,
        run: LessonsRun,
        state: LessonsState,
        lesson: int,
        step: int,
        slides: bool = False,
        answers: bool = False,
        whole: bool = False,
        answer: str | None = None,
    ) -> LessonsRun:
        """Shows a step. answer: to its question, if the visitor gave one."""
        place = {"lesson": lesson, "step": step, "slides": slides, "answers": answers, "whole": whole}
        shown = self.fit(self.state.from_values(place, self.state()))
        found = replace(run, state=shown, refused="")
        return found if answer is None else found.answered((shown.lesson, shown.step), answer)

    def sheet_files(self, run: LessonsRun, state: LessonsState) -> Files:
        """The tasks as a page to print; with answers, if they are shown."""
        return Files("lessons" if run.state.whole else f"lesson-{run.state.lesson}", {})

    def saved_parts(self, run: LessonsRun) -> Iterable[object]:
        return [sheets(LESSONS, run.lesson, run.place)]

    def call(self, state: LessonsState) -> object:
        return asdict(LESSONS[state.lesson - 1])


def _address(step: Step, lesson: int, number: int) -> str:
    return link_of(step.open, lesson, number) if step.open else ""
