"""Build one: put a Perceiver together from the parts of transformers, and train it while you watch."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import ClassVar

from components.html.run_line import run_line
from components.render import build_one as render
from components.render.build_one import ComparedRun
from models.data.build_one import (
    part_sizes,
    preset,
    problems,
    saved_files,
    spec_of,
    transformer_size,
    write_notebook,
    write_script,
)
from models.data.build_one.sketch import Stroke
from models.data.zip_files import write_zip_file
from models.schema import AskBuildRequest, InputError, Probe
from models.schema.build_one import MAX_PARAMETERS, STEPS
from pages.build_one.own_input import example_text, kind_of, own_inputs
from pages.build_one.run import BuildOneRun
from pages.build_one.state import EXPERIMENTS, FEWEST_STEPS, NEAREST, SWEEPS, BuildOneState
from pages.screen import Control, Files, Notice, Screen, Update, answered, on_run
from pages.session import Job, Session

NAME = "build_one"
MOST_KEPT = 4
ON, OFF = Control.of(interactive=True), Control.of(interactive=False)
SEQUENCES = ("reverse", "sort", "copy")
NOTHING_KEPT = "Train a model first, then keep it."
CHANGED = "Settings changed: the results are from the earlier model. Train starts a new model."
SHOWN_IF: dict[str, Callable[[BuildOneState], bool]] = {
    "letters": lambda state: state.data in SEQUENCES,
    "points": lambda state: state.data == "points",
    "table": lambda state: state.data == "table",
    "positions": lambda state: state.preprocessor != "one_hot",
    "bands": lambda state: state.positions == "fourier" and state.preprocessor != "one_hot",
    "combine": lambda state: (
        state.positions != "none"
        and state.preprocessor != "one_hot"
        and (state.preprocessor, state.combine) != ("text", "add")
    ),
    "input_channels": lambda state: (
        state.preprocessor in ("text", "conv1x1", "conv")
        or (state.positions == "learned" and state.combine == "concat")
    ),
    "patch": lambda state: state.preprocessor in ("conv1x1", "patches", "multimodal") or state.patch > 1,
    "samples": lambda state: state.preprocessor in ("audio", "multimodal"),
    "query_positions": lambda state: state.decoder == "multimodal",
    "query_residual": lambda state: state.decoder != "projection",
    "postprocessor": lambda state: state.decoder in ("basic", "multimodal") or state.postprocessor != "none",
}
"""Settings that do not always matter."""


class BuildOneScreen(Screen[BuildOneState, BuildOneRun]):
    name = NAME
    state = BuildOneState
    variants = ()
    facts: ClassVar = {"max_parameters": MAX_PARAMETERS, "max_steps": STEPS[1], "most_kept": MOST_KEPT}
    page_only = ("sweep", "experiment", "prediction")

    # The design

    def fit(self, state: BuildOneState) -> BuildOneState:
        """With the choices of the page that are nearest."""
        nearest = {name: _nearest(getattr(state, name), choices) for name, choices in NEAREST.items()}
        return state.changed(**nearest, steps=max(state.steps, FEWEST_STEPS))

    def model_parts(self, state: BuildOneState) -> Update:
        shown = {
            name: Control.of(value=getattr(state, name), visible=matters(state)) for name, matters in SHOWN_IF.items()
        }
        return shown | self._design(state) | self._experiment(state)

    def redesign(self, session: Session, state: BuildOneState) -> Update:
        """Another setting."""
        shown = {name: Control.of(visible=matters(state)) for name, matters in SHOWN_IF.items()}
        return shown | self._design(state) | self._progress_notice(session, state)

    def choose_data(self, session: Session, state: BuildOneState) -> Update:
        """Other data, with parts that fit."""
        state = state.with_design(*preset(state.data))
        fields: Update = {"typed": example_text(spec_of(state.build)), "sketch": []}
        return self.controls(state) | fields | self._progress_notice(session, state)

    def _progress_notice(self, session: Session, state: BuildOneState) -> Update:
        """What Train does next: it continues only a run of the same settings."""
        run = self.kept(session)
        return {"notice": Notice(_summary(run) if run and run.is_of(state) else CHANGED)}

    def _design(self, state: BuildOneState) -> Update:
        """The drawing and the code, or what does not fit."""
        found = problems(state.build, state.training)
        if found:
            return {"problems": Notice(" ".join(found), "alert"), "submit": OFF, "step": OFF}
        return {
            "problems": "",
            "drawing": render.design(part_sizes(state.build), transformer_size(state.build)),
            "code": write_script(state.build, state.training),
            "submit": ON,
            "step": ON,
        }

    def _experiment(self, state: BuildOneState) -> Update:
        """The question of the chosen experiment."""
        if state.experiment not in EXPERIMENTS:
            return {}
        experiment = EXPERIMENTS[state.experiment]
        choices = [("Predict first", ""), *((choice, at) for at, choice in enumerate(experiment.choices))]
        return {
            "question": render.experiment_question(experiment),
            "prediction": Control.choice(choices, state.prediction),
        }

    # Opening the page

    def run(self, state: BuildOneState) -> BuildOneRun:
        """The new model, which has learned nothing."""
        *_, run = BuildOneRun.of(state).slice(self.backend, 0)
        return run

    def open_first(self, session: Session) -> Update:
        return self.controls(self.initial) | super().open_first(session)

    def open_link(self, session: Session, state: BuildOneState) -> Update:
        """A link sets the controls. It does not train."""
        try:
            return self.keep(session, self.run(state))
        except InputError:  # the problems are on the page
            return {"link": self.link(state)}

    def restore(self, session: Session) -> Update:
        return {"comparison": render.comparison(session.get("kept") or ())}

    # Training

    def begin(self, session: Session, state: BuildOneState) -> Update:
        """At once, before it is this training's turn."""
        session.queue_job()
        return {"notice": Notice("Starting …"), "stop": ON}

    def submit(self, session: Session, state: BuildOneState) -> Iterator[Update]:
        """Trains the model, or goes on after a pause."""
        yield from self._train(session, state, state.steps)

    def advance(self, session: Session, state: BuildOneState) -> Iterator[Update]:
        """One step."""
        kept = self._going_on(session, state)
        yield from self._train(session, state, kept.curve.step + 1)

    def _train(self, session: Session, state: BuildOneState, until: int) -> Iterator[Update]:
        job = session.take_job() or session.start_job()
        run = self._going_on(session, state)
        yield {"answer": "", "network": ""}
        for run in run.train(self.backend, job, until):  # noqa: B020  (the run goes on)
            yield self._show_progress(run) | answered()
            if run.result and run.curve.step == run.result.state.step:
                session.put(run)
                yield self._show_result(run)
        if not job.superseded:
            yield self.show(run) | answered()

    def _going_on(self, session: Session, state: BuildOneState) -> BuildOneRun:
        """The run on the page if it is of this design and has steps left, or a new one."""
        kept = self.kept(session)
        return kept if kept and kept.is_of(state) and not kept.curve.finished else BuildOneRun.of(state)

    def stop(self, session: Session, state: BuildOneState) -> Update:
        session.stop_job()
        return {"stop": OFF}

    def reset(self, session: Session, state: BuildOneState) -> Update:
        """Discards what was learned."""
        session.start_job()
        return self.keep(session, self.run(state)) | answered()

    def _show_progress(self, run: BuildOneRun) -> Update:
        return {"curves": render.curves(run.curve, run.spec), "notice": Notice("Training …")}

    def _show_result(self, run: BuildOneRun) -> Update:
        if run.result is None:
            return {}
        return {
            "examples": render.examples(run.spec, run.result),
            "latents_map": render.latents(run.result),
            "run_line": run_line(run.result.run),
        }

    def show(self, run: BuildOneRun) -> Update:
        shown = self._show_progress(run) | self._show_result(run) | self._show_try(run)
        return shown | {"notice": Notice(_summary(run)), "link": self.link(run.state), "stop": OFF}

    def _show_try(self, run: BuildOneRun) -> Update:
        """What can be given to a trained model by hand."""
        kind = kind_of(run.spec) if run.curve.step else ""
        return {
            "try": Control.of(visible=bool(kind)),
            "try_link": render.link_to_try(NAME, kind),
            "sketch": Control.of(visible=kind == "sketch"),
            "typed": Control.of(visible=kind == "typed"),
        }

    # Comparing

    def keep_run(self, session: Session, state: BuildOneState) -> Update:
        """Adds the run on the page to those that are compared."""
        run = self.kept(session)
        if run is None or not run.curve.step:
            return {"comparison_notice": Notice(NOTHING_KEPT)}
        kept: tuple[ComparedRun, ...] = session.get("kept") or ()
        number = max((int(each.name.split()[-1]) for each in kept if each.name.startswith("Run ")), default=0) + 1
        name = f"Run {number}"
        compared = self._compare(session, (*kept, run.compared(name))[-MOST_KEPT:])
        return compared | {"comparison_notice": Notice(f"{name} was added to the comparison below.")}

    def clear_runs(self, session: Session, state: BuildOneState) -> Update:
        return self._compare(session, ())

    def run_sweep(self, session: Session, state: BuildOneState) -> Iterator[Update]:
        """Trains the design with each value of a setting."""
        title, values = SWEEPS[state.sweep]
        designs = [(f"{title}: {value}", state.changed(**{state.sweep: value})) for value in values]
        yield from self._train_all(session, designs)

    def _train_all(self, session: Session, designs: Iterable[tuple[str, BuildOneState]]) -> Iterator[Update]:
        job = session.take_job() or session.start_job()
        done: tuple[ComparedRun, ...] = ()
        left_out: list[str] = []
        for name, state in designs:
            if job.over:
                break
            if found := problems(state.build, state.training):
                left_out.append(f"{name} was left out. {' '.join(found)}")
                continue
            run = BuildOneRun.of(state)
            for run in run.train(self.backend, job, state.steps):  # noqa: B020  (the run goes on)
                yield {"comparison": render.comparison((*done, run.compared(name)))}
            done = (*done, run.compared(name))
        if not job.superseded:
            notice = Notice(" ".join(left_out), "alert") if left_out else ""
            yield self._compare(session, done) | {"comparison_notice": notice, "notice": "", "stop": OFF}

    def _compare(self, session: Session, runs: tuple[ComparedRun, ...]) -> Update:
        session.put(runs, "kept")
        return {"comparison": render.comparison(runs), "comparison_notice": ""}

    def choose_experiment(self, session: Session, state: BuildOneState) -> Update:
        return self._experiment(state.changed(prediction=None)) | {"explanation": ""}

    def run_experiment(self, session: Session, state: BuildOneState) -> Iterator[Update]:
        """Trains the runs of the experiment, and compares the outcome with the prediction."""
        if state.experiment not in EXPERIMENTS:
            raise InputError("Choose an experiment first.")
        experiment = EXPERIMENTS[state.experiment]
        if state.prediction is None:
            yield {"explanation": Notice("Choose your prediction first."), "stop": OFF, "notice": ""}
            return
        designs = [(name, state.with_design(*design)) for name, design in experiment.runs.items()]
        yield {"explanation": ""}
        yield from self._train_all(session, designs)
        compared: tuple[ComparedRun, ...] = session.get("kept") or ()
        if len(compared) == len(designs) and all(run.curve.finished for run in compared):
            yield {"explanation": render.experiment_answer(experiment, state.prediction)}

    # Trying it

    @on_run
    def ask(self, run: BuildOneRun, state: BuildOneState, sketch: Sequence[Stroke], typed: str) -> Update:
        """What the model predicts for an input of the visitor."""
        try:
            inputs = own_inputs(run.spec, sketch or (), typed or "")
            probe = Probe(method="encoder", stages=True)
            result = self.backend.run(AskBuildRequest(run.state.build, run.model, inputs, probe=probe))
        except InputError as error:
            return {"ask_notice": Notice(str(error), "alert")}
        return {
            "answer": render.answer(run.spec, result.prediction),
            "network": render.figure(result, run.state.build, run.spec),
            "ask_notice": "",
        }

    # Taking it away

    def build_files(self, run: BuildOneRun, state: BuildOneState) -> Files:
        """The curves, the model with the script that loads it, and the script and a notebook that train it again."""
        build, training = run.state.build, run.state.training
        facts = [f"{title}: {value}" for title, value in run.state.design_in_words().items()]
        return Files.of_plot(
            lambda: render.curves_figure(run.curve, facts),
            "perceiver",
            run.state,
            zip=lambda file: write_zip_file(saved_files(build, training, run.model), file),
            py=lambda file: file.write_text(write_script(build, training), encoding="utf-8"),
            ipynb=lambda file: file.write_text(write_notebook(build, training), encoding="utf-8"),
        )

    def call(self, state: BuildOneState) -> object:
        *_, run = BuildOneRun.of(state).train(self.backend, Job(), state.steps)
        return {
            "score": run.curve.score,
            "metric": run.curve.metric,
            "losses": run.curve.losses,
            "parameters": sum(part.parameters for part in part_sizes(state.build)),
            "run": run.result and run.result.run,
        }


def _nearest(value: float, choices: Sequence[float]) -> float:
    return min(choices, key=lambda each: abs(math.log(each / value)))


def _summary(run: BuildOneRun) -> str:
    curve = run.curve
    if not curve.step:
        return "A new model with random weights. Press Train to watch it learn."
    if not curve.finished:
        return f"Paused after step {curve.step:,} of {curve.steps:,}. Press Train to continue."
    return f"Trained for {curve.steps:,} steps. Try the model below, or keep this run. Train starts again from step 0."
