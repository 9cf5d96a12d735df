"""Text generation: a Perceiver AR continues a prompt, and each token shows which tokens it attended to."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from components import render
from components.html.run_line import run_line
from components.html.text.compared import Compared
from components.render.architecture import text_generation_architecture
from models.schema import InputError, TextGenerationStep, TokenAt, GeneratedToken
from models.schema.text_generation import MAX_NEW_TOKENS
from pages.screen import Control, Files, Notice, Screen, Update, answered, model_notice
from pages.session import Job, Session
from pages.text_generation.generation import continued, growing_text
from pages.text_generation.layout import layout_of_step, prompt_layout, reads_bytes
from pages.text_generation.run import TextGenerationRun, final_notice, progress_notice
from pages.text_generation.state import EXAMPLES, NAME, TextGenerationState, request_of
from pages.tracing import fit_to_model, probe, within_model

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
    required = ("prompt",)
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
        return self._traced(TextGenerationRun(self.initial, step), 0, self.initial)

    def show(self, run: TextGenerationRun) -> Update:
        if run.trace is None:
            return self._growing(run) | {"progress": final_notice(run)}
        state = run.state
        panels = render.text_generation(run.trace, run.tokens, state.unit, state.scale)
        return {
            "text": panels.text,
            "alternatives": panels.alternatives or "",
            "comparison": _comparison(run),
            "attended": panels.read or "",
            "attention": panels.attention or "",
            "run_line": _run_line(run.step),
            "progress": final_notice(run),
            "example_notice": _example_notice(state.prompt),
            "stop": OFF,
            "continue": ON,
            "link": self.link(state),
        }

    def controls(self, state: TextGenerationState) -> Update:
        shape = self.shape(state.weights)
        values: Update = {
            "stop_strings": "\n".join(state.stop_strings),
            "max_new_tokens": min(state.max_new_tokens, MAX_AT_ONCE),
            "num_latents": Control.of(maximum=shape.latents, value=min(state.num_latents, shape.latents)),
            "layout": self._layout(state),
            "architecture": text_generation_architecture(shape),
        }
        return super().controls(state) | fit_to_model(shape, state.head) | values

    def fit(self, state: TextGenerationState) -> TextGenerationState:
        shape = self.shape(state.weights)
        latents = min(state.num_latents, shape.latents)
        return state.changed(num_latents=latents, **within_model(shape, state.head, None))

    def call(self, state: TextGenerationState) -> object:
        asked = probe(None if state.token is None else TokenAt(state.token), state.method, state.head)
        request = request_of(state)
        result = self.backend.run(replace(request, probe=asked))
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
            return {"stop": OFF, "continue": ON if run.tokens else OFF, "progress": final_notice(run)}
        return self.keep(session, self._traced(run, run.token(), state))

    def _begin(self, session: Session) -> Update:
        """Starts the job of the next generation, so that it can be stopped while it waits for its turn."""
        session.put(session.start_job(), "job")
        return {"stop": ON, "continue": OFF, "progress": Notice("Starting …")}

    def _generate(
        self,
        session: Session,
        state: TextGenerationState,
        earlier: tuple[GeneratedToken, ...] = (),
        short_earlier: tuple[GeneratedToken, ...] = (),
    ) -> Iterator[Update]:
        """The text as it grows. earlier, short_earlier: tokens of the text that is continued."""
        job, begins = session.get("job") or session.start_job(), True
        session.discard("job")
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
        run = self._kept(session)
        if run is not None and not run.finished:
            session.put(replace(run, job=Job(stopped=True)))

    def _growing(self, run: TextGenerationRun) -> Update:
        text = render.text_generation_running(run.step, run.earlier)
        return {"progress": progress_notice(run), "text": text, "comparison": _comparison(run)}

    def _cleared(self, run: TextGenerationRun) -> Update:
        """With the first step of a text: the attention of the one before is gone."""
        shape, layout = self.shape(run.state.weights), {}
        if not reads_bytes(shape) and not run.earlier:
            layout = {"layout": layout_of_step(run.step, shape, self.backend.describe().number_bytes)}
        return dict.fromkeys(("alternatives", "attended", "attention", "run_line"), "") | layout

    # Attention

    def select_token(self, session: Session, state: TextGenerationState, position: int) -> Update:
        """Shows the attention of another token."""
        run = session.get()
        return self.keep(session, self._traced(run, int(position), state)) if _can_trace(run) else {}

    def trace(self, session: Session, state: TextGenerationState) -> Update:
        """Shows the attention of the same token by another method or head."""
        run = session.get()
        return self.keep(session, self._traced(run, run.token(), state)) if _can_trace(run) else {}

    def redraw(self, session: Session, state: TextGenerationState) -> Update:
        """Draws the same attention in other units or on another scale, without the model."""
        run = session.get()
        if run is None or run.trace is None:
            return {}
        return self.keep(session, replace(run, state=run.state.changed(unit=state.unit, scale=state.scale)))

    def attention_files(self, session: Session, state: TextGenerationState) -> Files | None:
        run = session.get()
        if run is None or run.trace is None:
            return None
        trace, unit, scale = run.trace, run.state.unit, run.state.scale
        stem = f"generated-token-{trace.traced}-{trace.attention.method}"
        return Files.of_plot(lambda: render.text_generation_attention(trace, unit, scale), stem)

    def _traced(self, run: TextGenerationRun, token: int, state: TextGenerationState) -> TextGenerationRun:
        """The run with the attention of one token, by the controls of `state`."""
        shown = {name: getattr(state, name) for name in ("method", "head", "scale", "unit")}
        request = replace(continued(request_of(run.state), run.tokens), max_new_tokens=0)
        trace = self.backend.run(replace(request, probe=probe(TokenAt(token), state.method, state.head)))
        length = min(len(run.tokens), MAX_NEW_TOKENS)  # links give the whole text
        return replace(run, trace=trace, state=run.state.changed(token=token, max_new_tokens=length, **shown))

    # What is set

    def choose_example(self, session: Session, state: TextGenerationState, index: int) -> Update:
        prompt = EXAMPLES[index].text
        return self.begin(session, state) | {"prompt": prompt, "example_notice": _example_notice(prompt)}

    def choose_weights(self, session: Session, state: TextGenerationState) -> Update:
        shape = self.shape(state.weights)
        reads = f"{shape.longest_text:,} tokens, at most {shape.latents} of them as latents"
        notice = model_notice(shape, state.weights, 1.8, reads)
        latents = Control.of(maximum=shape.latents, value=min(state.num_latents, shape.latents))
        drawn = {"architecture": text_generation_architecture(shape), "layout": self._layout(state)}
        return {"notice": notice, "num_latents": latents} | fit_to_model(shape) | drawn

    def show_layout(self, session: Session, state: TextGenerationState) -> Update:
        """How the prompt, as it is typed, is divided into prefix and latents."""
        return {"layout": self._layout(state)}

    def _layout(self, state: TextGenerationState) -> Any:
        return prompt_layout(state, self.shape(state.weights), self.backend.describe().number_bytes)


def _can_trace(run: TextGenerationRun | None) -> bool:
    return run is not None and run.over and bool(run.tokens)


def _comparison(run: TextGenerationRun) -> str:
    texts = [Compared(run.step, run.earlier), run.short] if run.short else []
    return render.text_generation_comparison(texts) if texts else ""


def _example_notice(prompt: str) -> Notice | str:
    """What to look for, if the prompt is an example."""
    return next((Notice(example.notice) for example in EXAMPLES if example.text == prompt), "")


def _run_line(step: TextGenerationStep) -> str:
    """How the text was computed, and what that cost."""
    times = "once" if step.full_passes == 1 else f"{step.full_passes:,} times"
    cache = f"{step.cache_bytes / 1e6:.1f} MB key-value cache"
    return run_line(step.run, cache, encoder=f"whole text read {times}")
