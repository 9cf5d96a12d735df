"""The actions of the page of text generation, with a backend that has no model."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.schema import InputError, Probe, TextGenerationRequest, TextGenerationStep, TokenAt
from pages.screen import Notice, Update
from pages.session import Session
from pages.text_generation.layout import prompt_layout
from pages.text_generation.screen import TextGenerationScreen
from pages.text_generation.state import EXAMPLES, stop_lines, stop_strings
from tests.fake_backend import SHAPE, FakeBackend
from tests.markup import Elements
from tests.written import attention, letters, step

REQUEST = TextGenerationRequest("abc", max_new_tokens=2, probe=Probe())
"""For tests over all tasks, with the models of `tests.tiny_models`."""
LINK = {"prompt": "Once upon", "num_latents": "4", "seed": "3", "stop_strings": '["z"]', "token": "2"}
"""The query of a view."""
BUTTON, PART = "generate", "text"
"""What sends the request of the page, and what shows its result."""
ALPHABET = "abcdefghij" * 300


def final_step(request: TextGenerationRequest) -> TextGenerationStep:
    """The text goes on with the next letters; attention, if any, is uniform over all earlier tokens."""
    start, prompt = len(request.written), len(request.prompt)
    tokens = letters(ALPHABET[start : start + request.max_new_tokens], prefix=request.prefix or prompt)
    taken = tuple(bytes([token]) for token in request.written)
    if request.probe is None:
        return step(request.prompt, tokens, written_tokens=taken, latents=4)
    target: Any = request.probe.target
    traced = target.index if target else 0
    over = attention(4 if request.probe.method == "decoder" else prompt + traced, method=request.probe.method)
    lying = {"latents": 4, "prefix": prompt + traced - 4, "probe": over}
    return replace(step(request.prompt, tokens, written_tokens=taken, **lying), traced=traced)


def stream(request: TextGenerationRequest) -> Iterator[TextGenerationStep]:
    last = final_step(request)
    for count in range(len(last.tokens)):
        yield replace(last, tokens=last.tokens[:count], finish_reason="")
    yield last


def answer(request: TextGenerationRequest) -> Any:
    """A stream for what is generated, a step for what is traced."""
    return stream(request) if request.probe is None else final_step(request)


@pytest.fixture
def answers() -> dict[type, Any]:
    return {TextGenerationRequest: answer}


@pytest.fixture
def backend(answers: dict[type, Any]) -> FakeBackend:
    return FakeBackend(answers)


@pytest.fixture
def screen(backend: FakeBackend) -> TextGenerationScreen:
    return TextGenerationScreen(backend)


def state(screen: TextGenerationScreen, **changes: Any) -> Any:
    return screen.initial.changed(**{"prompt": "Once upon", "max_new_tokens": 6} | changes)


def generate(screen: TextGenerationScreen, session: Session, **changes: Any) -> Update:
    """Generates and traces; the page afterwards."""
    shown: Update = {}
    wanted = state(screen, **changes)
    for update in [*screen.submit(session, wanted), screen.finish(session, wanted)]:
        shown |= update
    return shown


def positions(update: Update) -> int:
    """Number of tokens that can be clicked."""
    return sum("data-position" in each for each in Elements(update["text"]).of("button"))


def test_a_text_grows_and_is_traced_at_its_end(
    screen: TextGenerationScreen, backend: FakeBackend, session: Session
) -> None:
    wanted = state(screen, temperature=0.3, top_k=4, seed=7, stop_strings=("!",), truncate=True, do_sample=False)
    first, *_ = shown = list(screen.submit(session, wanted))
    assert "answered" in first
    assert first["attention"] == ""
    assert all("answered" not in update for update in shown[1:])
    request = backend.requests[0]
    assert (request.prompt, request.max_new_tokens, request.prefix) == ("Once upon", 6, None)
    assert (request.temperature, request.top_k, request.seed) == (0.3, 4, 7)
    assert (request.stop, request.cut, request.do_sample) == (("!",), True, False)
    update = screen.finish(session, wanted.changed(method="decoder", head=1, prompt="typed meanwhile"))
    request = backend.requests[-1]
    assert (request.prompt, request.written, request.max_new_tokens) == ("Once upon", tuple(b"abcdef"), 0)
    assert (request.probe.target, request.probe.method, request.probe.head) == (TokenAt(0), "decoder", 1)
    assert positions(update) == 6
    assert "answered" not in update
    params = dict(parse_qsl(update["link"], keep_blank_values=True))
    linked, problems = screen.state.from_query(params, screen.initial)
    assert linked == wanted.changed(method="decoder", head=1, token=0)
    assert not problems


def test_another_token_another_method_and_another_scale(
    screen: TextGenerationScreen, backend: FakeBackend, session: Session
) -> None:
    assert screen.select_token(session, screen.initial, 1) == screen.trace(session, screen.initial) == {}
    generate(screen, session)
    update = screen.select_token(session, state(screen, method="rollout", head=2), 4)
    probe = backend.requests[-1].probe
    assert (probe.target, probe.method, probe.head) == (TokenAt(4), "rollout", None)
    assert Elements(update["text"]).of("button", "selected")[0]["data-position"] == "4"
    screen.trace(session, state(screen, method="encoder"))
    assert (backend.requests[-1].probe.target, backend.requests[-1].probe.method) == (TokenAt(4), "encoder")
    before = len(backend.requests)
    assert "scale=log" in screen.redraw(session, state(screen, scale="log", unit="bytes", method="rollout"))["link"]
    assert len(backend.requests) == before
    assert session.get().state.method == "encoder"


def test_a_stopped_text_is_kept_traced_and_continued(
    screen: TextGenerationScreen, backend: FakeBackend, session: Session
) -> None:
    started = screen.begin(session, screen.initial)
    assert started["stop"].properties["interactive"]
    assert not started["continue"].properties["interactive"]
    for _ in screen.submit(session, state(screen)):
        if session.get().tokens:
            assert screen.select_token(session, screen.initial, 0) == {}, "no attention while the text grows"
            screen.stop(session, screen.initial)
    update = screen.finish(session, screen.initial)
    assert positions(update) == 1
    assert update["continue"].properties["interactive"]
    assert not update["stop"].properties["interactive"]
    assert "max_new_tokens=1&" in update["link"]

    list(screen.continue_text(session, state(screen, max_new_tokens=3, prompt="another")))
    request = backend.requests[-1]
    assert (request.prompt, request.written, request.max_new_tokens) == ("Once upon", tuple(b"a"), 3)
    update = screen.finish(session, screen.initial)
    assert positions(update) == 4
    assert backend.requests[-1].probe.target == TokenAt(1), "the first of the new tokens"
    assert "max_new_tokens=4&" in update["link"]


def test_a_text_that_waits_for_its_turn_can_be_stopped(
    screen: TextGenerationScreen, backend: FakeBackend, session: Session
) -> None:
    generate(screen, session)
    before = len(backend.requests)
    screen.begin(session, screen.initial)
    screen.stop(session, screen.initial)
    assert list(screen.submit(session, state(screen))) == []
    assert len(backend.requests) == before
    assert screen.finish(session, screen.initial)["continue"].properties["interactive"]


def test_a_new_text_ends_the_one_before(screen: TextGenerationScreen, session: Session) -> None:
    older = screen.submit(session, state(screen, prompt="older"))
    next(older)
    newer = screen.submit(session, state(screen, prompt="newer"))
    next(newer)
    assert list(older) == []
    assert screen.finish(session, screen.initial) == {}, "the newer one is still under way"
    list(newer)
    assert session.get().state.prompt == "newer"
    assert screen.finish(session, screen.initial)["attention"]


def test_a_refused_text_leaves_what_is_there(
    screen: TextGenerationScreen, answers: dict[type, Any], session: Session
) -> None:
    with pytest.raises(InputError):
        list(screen.continue_text(session, screen.initial))
    generate(screen, session)
    screen.begin(session, screen.initial)
    answers[TextGenerationRequest] = lambda request: InputError("no prompt")
    with pytest.raises(InputError, match="no prompt"):
        list(screen.submit(session, state(screen, prompt="")))
    assert session.get().state.prompt == "Once upon"
    update = screen.finish(session, screen.initial)
    assert update["continue"].properties["interactive"]
    assert "text" not in update


def test_a_text_that_breaks_off_is_kept(
    screen: TextGenerationScreen, answers: dict[type, Any], session: Session
) -> None:
    def broken(request: TextGenerationRequest) -> Any:
        if request.probe:
            return final_step(request)

        def steps() -> Iterator[TextGenerationStep]:
            last = final_step(request)
            yield replace(last, tokens=last.tokens[:2], finish_reason="")
            raise RuntimeError

        return steps()

    answers[TextGenerationRequest] = broken
    with pytest.raises(RuntimeError):
        list(screen.submit(session, state(screen)))
    assert positions(screen.finish(session, screen.initial)) == 2


def test_a_comparison_has_the_same_seed_latents_and_length(
    screen: TextGenerationScreen, backend: FakeBackend, session: Session
) -> None:
    update = generate(screen, session, compare=True, short_prefix=16, num_latents=40, seed=3)
    full, short, _ = backend.requests
    assert (full.prefix, short.prefix, short.seed) == (None, 16, 3)
    assert (full.num_latents, short.num_latents) == (40, 4), "as many as the first text really has"
    assert len(Elements(update["comparison"]).of("section")) == 2
    list(screen.continue_text(session, state(screen, max_new_tokens=3)))
    *_, full, short = backend.requests
    assert (full.written, short.written) == (tuple(b"abcdef"),) * 2
    assert (short.num_latents, short.prefix, short.max_new_tokens) == (4, 16, 3)


def test_a_stop_leaves_the_comparison_out(screen: TextGenerationScreen, backend: FakeBackend, session: Session) -> None:
    for _ in screen.submit(session, state(screen, compare=True)):
        screen.stop(session, screen.initial)
    assert all(request.prefix is None for request in backend.requests)


def test_opens_with_the_first_example_for_everybody(
    screen: TextGenerationScreen, backend: FakeBackend, session: Session
) -> None:
    (update,) = screen.open(session, {})
    assert positions(update) == screen.initial.max_new_tokens
    assert (update["link"], bool(update["answered"])) == ("", True)
    assert isinstance(update["example_notice"], Notice)
    before = len(backend.requests)
    list(screen.open(session.store.session("another", "page"), {}))
    assert len(backend.requests) == before


def test_a_link_is_generated_once_and_says_what_does_not_fit(
    screen: TextGenerationScreen, backend: FakeBackend, session: Session
) -> None:
    params = {"prompt": "It was", "num_latents": "99", "max_new_tokens": "900", "token": "5", "head": "7", "seed": "-1"}
    opened: Update = {}
    for update in screen.open(session, params):
        opened |= update
    assert opened["num_latents"].properties == {"maximum": SHAPE.latents, "value": SHAPE.latents}
    assert opened["max_new_tokens"] == 500, "the most that the slider has"
    assert opened["notice"].level == "alert"
    shown = list(screen.submit_link(session, screen.initial))
    assert "answered" in shown[0]
    assert (backend.requests[-1].prompt, backend.requests[-1].max_new_tokens) == ("It was", 900)
    screen.finish(session, screen.initial)
    linked = session.get().state
    assert (linked.token, linked.head, linked.seed) == (5, None, 0)
    assert list(screen.submit_link(session, screen.initial)) == []


def test_opens_as_the_visitor_left_it(screen: TextGenerationScreen, backend: FakeBackend, session: Session) -> None:
    link = generate(screen, session, stop_strings=("x", "y"))["link"]
    before = len(backend.requests)
    for params in ({}, dict(parse_qsl(link, keep_blank_values=True))):
        (update,) = screen.open(session, params)
        assert (update["prompt"], update["stop_strings"], positions(update)) == ("Once upon", "x\ny", 6)
    assert len(backend.requests) == before


def test_a_text_that_was_left_under_way_can_be_traced_and_continued(
    screen: TextGenerationScreen, session: Session
) -> None:
    growing = screen.submit(session, state(screen))
    next(growing)
    next(growing)
    (update,) = screen.open(session, {})
    assert list(growing) == []
    assert positions(update) == 0
    update = screen.finish(session, screen.initial)
    assert positions(update) == 1
    assert update["continue"].properties["interactive"]


def test_an_example_sets_the_prompt(screen: TextGenerationScreen, session: Session) -> None:
    update = screen.choose_example(session, screen.initial, 1)
    assert update["prompt"] == EXAMPLES[1].text
    assert update["example_notice"] == Notice(EXAMPLES[1].notice)


def test_another_model_sets_latents_heads_and_layout(screen: TextGenerationScreen, session: Session) -> None:
    update = screen.choose_weights(session, state(screen, num_latents=64, weights="published"))
    assert update["num_latents"].properties == {"maximum": SHAPE.latents, "value": SHAPE.latents}
    assert len(update["head"].properties["choices"]) == SHAPE.cross_heads + 1
    assert "layout" in update


@pytest.mark.parametrize(
    ("prompt", "latents", "truncate", "parts"),
    [
        ("x" * 20, 6, False, {"prefix": 14, "latents": 6, "room": 4}),
        ("x" * 20, 2, False, {"prefix": 16, "latents": 4, "room": 4}),
        ("x" * 20, 2, True, {"prefix": 16, "latents": 2, "room": 6}),
        ("é", 6, False, {"prefix": 0, "latents": 2, "room": 22}),
        ("", 6, False, None),
        ("x" * 25, 6, False, None),
    ],
)
def test_the_layout_of_the_prompt_is_known_before_the_model_runs(
    screen: TextGenerationScreen, prompt: str, latents: int, truncate: bool, parts: dict[str, int] | None
) -> None:
    """A model with a context of 24 bytes, of which 8 are latents."""
    shape = replace(SHAPE, longest_text=24, latents=8)
    drawn = prompt_layout(state(screen, prompt=prompt, num_latents=latents, truncate=truncate), shape, 4)
    if parts is None:
        assert isinstance(drawn, Notice)
    else:
        styles = {each["class"]: each["style"] for each in Elements(str(drawn)).of("i") if each.get("class")}
        assert styles == {name: f"flex-grow:{count}" for name, count in parts.items()}


def test_the_layout_of_subword_tokens_is_known_with_the_first_step(session: Session) -> None:
    shape = replace(SHAPE, vocabulary=32_000)
    shapes = {("text_generation", "embedded", ""): shape}
    screen = TextGenerationScreen(FakeBackend({TextGenerationRequest: answer}, shapes))
    assert isinstance(screen.show_layout(session, screen.initial)["layout"], Notice)
    first, *more = screen.submit(session, state(screen))
    assert Elements(first["layout"]).of("i", "latents")[0]["style"] == "flex-grow:4"
    assert all("layout" not in update for update in more)


def test_the_plot_is_saved_as_it_is_shown(screen: TextGenerationScreen, session: Session) -> None:
    generate(screen, session)
    files = screen.files(session, screen.initial, screen.attention_files)
    assert set(files.write) == {"html", "png", "svg", "npz"}


def test_a_program_gets_the_result_and_the_comparison() -> None:
    backend = FakeBackend({TextGenerationRequest: final_step})
    screen = TextGenerationScreen(backend)
    found = screen.call(state(screen, token=2))
    assert (found["text"], found["traced"], found["attention"].method) == ("abcdef", 2, "encoder")
    assert "short_prefix" not in found
    found = screen.call(state(screen, compare=True, short_prefix=0))
    assert found["short_prefix"]["text"] == "abcdef"
    assert backend.requests[-1].prefix == 0


def test_stop_strings_are_lines() -> None:
    assert stop_strings({"stop_strings": "a\n\nb c\n"}) == ["a", "b c"]
    assert stop_strings({"stop_strings": None}) == []
    assert stop_strings({"stop_strings": "a\\n\\n\r\nC:\\\\new\n\\d"}) == ["a\n\n", "C:\\new", "\\d"]
    assert stop_lines(["a\n\n", "C:\\new"]) == "a\\n\\n\nC:\\\\new"


@given(st.lists(st.text(min_size=1)))
def test_every_stop_string_can_be_entered(strings: list[str]) -> None:
    assert stop_strings({"stop_strings": stop_lines(strings)}) == strings
