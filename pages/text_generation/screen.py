"""Text generation: a Perceiver AR continues a prompt, and each token shows which tokens it attended to."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial

from markupsafe import Markup

from components.html.run_line import run_line
from components.html.text.compared import Compared
from components.render import text_generation as render
from components.render.architecture import text_generation_architecture
from models.data.examples import chosen, example_with_text
from models.schema import GeneratedToken, InputError, ModelShape, TextGenerationStep, TokenAt
from models.schema.text_generation import MAX_NEW_TOKENS
from pages.screen import Control, Files, Notice, Screen, Update, answered, on_run
from pages.session import Job, Session
from pages.text_generation.generation import continued, growing_text
from pages.text_generation.layout import layout_of_step, prompt_layout, reads_bytes
from pages.text_generation.run import TextGenerationRun
from pages.text_generation.state import EXAMPLES, NAME, TextGenerationState, request_of, stop_lines
from pages.tracing import probe_of, trace_choices, with_stages, within_model

MAX_AT_ONCE = 500
"""Largest value of the slider for new tokens; links may ask for more, since a text can be continued."""
RESULTS = (
    "text", "tokens", "finish_reason", "cut", "tokens_per_second", "traced", "dropped", "prefix_length", "latents",
    "attention", "run",
)  # fmt: skip
"""Fields of the last step that programs get."""
ON, OFF = Control.of(interactive=True), Control.of(interactive=False)


class TextGenerationScreen(Screen[TextGenerationState, TextGenerationRun]):
    name = NAME
    state = TextGenerationState
    examples = EXAMPLES
    required = ("prompt",)
    hint_part = "example_notice"
    page_only = ("latent", "scale", "unit")

    # Opening the page, and what it shows

    def open(self, session: Session, params: Mapping[str, str]) -> Iterator[Update]:
        session.start_job()  # ends what an earlier visit of the page still generates
        yield from super().open(session, params)

    def open_link(self, session: Session, state: TextGenerationState) -> Update:
        """Leaves the text to `submit_link`, which does not keep others from opening the page."""
        session.put(state, "link")
        return self._begin(session)

    def restore(self, session: Session) -> Update:
        self._settle(session)
        return {}

    def compute_first(self) -> TextGenerationRun:
        *_, step = self.backend.stream(request_of(self.initial))
        return self.traced(TextGenerationRun(self.initial, step), self.initial.changed(token=0))

    def show(self, run: TextGenerationRun) -> Update:
        if run.trace is None:
            return self._growing(run)
        state = run.state
        panels = render.text_generation(run.trace, run.tokens, state.unit, state.scale)
        return {
            "text": panels.text,
            "alternatives": panels.alternatives or "",
            "comparison": _comparison(run),
            "network": render.text_generation_network(run.trace, self.shape(state.weights)),
            "attention": panels.attention or "",
            "run_line": _run_line(run.step),
            "progress": run.notice,
            "example_notice": self.hint(state),
            "stop": OFF,
            "continue": ON,
            "link": self.link(state),
        }

    def controls(self, state: TextGenerationState) -> Update:
        shown = super().controls(state) | {"stop_strings": stop_lines(state.stop_strings)}
        return shown | {"max_new_tokens": min(state.max_new_tokens, MAX_AT_ONCE)}

    def model_parts(self, state: TextGenerationState) -> Update:
        shape = self.shape(state.weights)
        return trace_choices(shape, state) | {
            "matching": Control.of(visible=bool(shape.matching_orders), value=state.matching),
            "num_latents": Control.of(maximum=shape.latents, value=min(state.num_latents, shape.latents)),
            "layout": self._layout(state),
            "architecture": text_generation_architecture(shape),
        }

    def reads(self, shape: ModelShape) -> str:
        return f", reads {shape.longest_text:,} tokens, at most {shape.latents} of them as latents"

    def fit(self, state: TextGenerationState) -> TextGenerationState:
        shape = self.shape(state.weights)
        return within_model(shape, state).changed(num_latents=min(state.num_latents, shape.latents), latent=None)

    def example_inputs(self, index: int) -> Update:
        return {"prompt": chosen(EXAMPLES, index).text}

    def example_of(self, state: TextGenerationState) -> int | None:
        return example_with_text(state.prompt, EXAMPLES)

    def call(self, state: TextGenerationState) -> object:
        probe = probe_of(state, None if state.token is None else TokenAt(state.token))
        request = request_of(state)
        result = self.backend.run(replace(request, probe=probe))
        found: dict[str, object] = {name: getattr(result, name) for name in RESULTS}
        if state.compare:
            latents = result.tokens[0].latents if result.tokens else result.latents
            short = self.backend.run(replace(request, num_latents=latents, prefix=state.short_prefix))
            found["short_prefix"] = {"text": short.text, "tokens": short.tokens}
        return found

    # Generating. The attention is left to `finish`, so that it follows the controls as they are by then.

    def begin(self, session: Session, state: TextGenerationState) -> Update:
        """At once, before the model is free: the earlier text ends here."""
        return self._begin(session) | {"notice": ""}

    def submit(self, session: Session, state: TextGenerationState) -> Iterator[Update]:
        for number, update in enumerate(self._generate(session, state)):
            yield update | (answered() if number == 0 else {})

    def submit_link(self, session: Session, state: TextGenerationState) -> Iterator[Update]:
        """The text of the link that the page was opened with, once."""
        linked = session.get("link")
        session.discard("link")
        if linked is not None:
            yield from self.submit(session, linked)

    def continue_text(self, session: Session, state: TextGenerationState) -> Iterator[Update]:
        """More of the text on the page, whatever the prompt is by now."""
        run = session.get()
        if run is None or not run.tokens:
            raise InputError("There is no text to continue yet. Generate one first.")
        longer = run.state.changed(max_new_tokens=state.max_new_tokens, token=None)
        yield from self._generate(session, longer, run.tokens, run.short_tokens)

    def stop(self, session: Session, state: TextGenerationState) -> Update:
        session.stop_job()
        return {"stop": OFF}

    def finish(self, session: Session, state: TextGenerationState) -> Update:
        """After a generation: the attention of one of its tokens."""
        run = session.get()
        if run is None:
            return {"stop": OFF, "progress": ""}
        if not (run.finished or run.job.stopped):
            return {}  # another text is under way
        if run.trace is not None or not run.tokens:
            return {"stop": OFF, "continue": ON if run.tokens else OFF, "progress": run.notice}
        return self.keep(session, self.traced_by(run, state, token=run.token()))

    def _begin(self, session: Session) -> Update:
        """Starts the job of the next generation, so that it can be stopped while it waits for its turn."""
        session.queue_job()
        return {"stop": ON, "continue": OFF, "progress": Notice("Starting …")}

    def _generate(
        self,
        session: Session,
        state: TextGenerationState,
        earlier: tuple[GeneratedToken, ...] = (),
        short_earlier: tuple[GeneratedToken, ...] = (),
    ) -> Iterator[Update]:
        """The text as it grows. earlier, short_earlier: tokens of the text that is continued."""
        job, begins = session.take_job() or session.start_job(), True
        try:
            for run in growing_text(self.backend, job, state, earlier, short_earlier):
                if job.superseded:
                    return
                session.put(run)
                yield self._growing(run) | (self._cleared(run) if begins else {})
                begins = False
        except Exception:
            if not job.superseded:
                self._settle(session)
            raise

    def _settle(self, session: Session) -> None:
        """A text that was interrupted by an error, or that its visitor left, is one that was stopped."""
        run = self.kept(session)
        if run is not None and not run.finished:
            session.put(replace(run, job=Job(stopped=True)))

    def _growing(self, run: TextGenerationRun) -> Update:
        text = render.text_generation_running(run.step, run.earlier)
        return {"progress": run.notice, "text": text, "comparison": _comparison(run)}

    def _cleared(self, run: TextGenerationRun) -> Update:
        """With the first step of a text: the attention of the one before is gone."""
        shape, layout = self.shape(run.state.weights), {}
        if not reads_bytes(shape) and not run.earlier:
            layout = {"layout": layout_of_step(run.step, shape, self.backend.describe().number_bytes)}
        return dict.fromkeys(("alternatives", "network", "attention", "run_line"), "") | layout

    # Attention

    def can_trace(self, run: TextGenerationRun) -> bool:
        return run.over and bool(run.tokens)

    def traced(self, run: TextGenerationRun, state: TextGenerationState) -> TextGenerationRun:
        token = run.token() if state.token is None else state.token
        request = replace(continued(request_of(run.state), run.tokens), max_new_tokens=0)
        trace = self.backend.run(with_stages(replace(request, probe=probe_of(state, TokenAt(token)))))
        length = min(len(run.tokens), MAX_NEW_TOKENS)  # links give the whole text
        return replace(run, trace=trace, state=state.changed(token=token, max_new_tokens=length))

    @on_run
    def select_token(self, run: TextGenerationRun, state: TextGenerationState, position: int) -> TextGenerationRun:
        """Shows the attention of another token."""
        return self.traced_by(run, state, token=int(position))

    def attention_files(self, run: TextGenerationRun, state: TextGenerationState) -> Files | None:
        trace, unit, scale = run.trace, run.state.unit, run.state.scale
        if trace is None or trace.attention is None:
            return None
        stem = f"generated-token-{trace.traced}-{trace.attention.method}"
        draw = partial(render.text_generation_attention, trace, unit, scale, run.tokens)
        return Files.of_plot(draw, stem, run.state)

    # What is set

    def choose_example(self, session: Session, state: TextGenerationState, index: int) -> Update:
        return self.begin(session, state) | self.example_inputs(index) | {"example_notice": self.hint_of(index)}

    def show_layout(self, session: Session, state: TextGenerationState) -> Update:
        """How the prompt, as it is typed, is divided into prefix and latents."""
        return {"layout": self._layout(state)}

    def _layout(self, state: TextGenerationState) -> Markup | Notice:
        return prompt_layout(state, self.shape(state.weights), self.backend.describe().number_bytes)


def _comparison(run: TextGenerationRun) -> str:
    texts = [Compared(run.step, run.earlier), run.short] if run.short else []
    return render.text_generation_comparison(texts) if texts else ""


def _run_line(step: TextGenerationStep) -> str:
    """How the text was computed, and what that cost."""
    times = "once" if step.full_passes == 1 else f"{step.full_passes:,} times"
    cache = f"{step.cache_bytes / 1e6:.1f} MB key-value cache"
    return run_line(step.run, cache, encoder=f"whole text read {times}")
