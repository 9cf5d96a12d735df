"""The actions of the page of masked language modeling, with a backend that has no model."""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import numpy as np
import pytest

from models.schema import (
    AttentionMap,
    ByteAt,
    InputError,
    MaskedBytesProgress,
    MaskedBytesRequest,
    MaskedBytesResult,
    Probe,
)
from pages.masked_bytes.screen import EXAMPLES, MaskedBytesScreen, MaskedBytesState, mask_spans
from pages.screen import Notice, Update, updates
from pages.session import Session
from tests.fake_backend import RUN, SHAPE, FakeBackend
from tests.markup import Elements

REQUEST = MaskedBytesRequest("words that were here", ((3, 6),), decoding="iterative", probe=Probe())
"""For tests over all tasks, with the models of `tests.tiny_models`."""
LINK = {"text": "a cat", "mask": "[[2,5]]", "decoding": "parallel", "method": "rollout", "byte": "3"}
"""The query of a view."""
BUTTON, PART = "fill", "filled"
"""What sends the request of the page, and what shows its result."""


def answer(request: MaskedBytesRequest) -> MaskedBytesResult:
    """Fills each masked byte with x, and attends to all inputs alike."""
    content = bytearray(request.text.encode())
    positions = [at for start, stop in request.mask for at in range(start, stop)]
    for at in positions:
        content[at] = ord("x")
    method = request.probe.method if request.probe else "encoder"
    count = SHAPE.latents if method == "decoder" else len(content) + 2
    target: Any = request.probe.target if request.probe else None
    return MaskedBytesResult(
        filled=content.decode(errors="replace"),
        filled_bytes=bytes(content),
        positions=np.array(positions, np.int64),
        candidates=np.full((len(positions), request.top_k), ord("x"), np.uint8),
        probabilities=np.full((len(positions), request.top_k), 0.1, np.float32),
        order=np.zeros(len(positions), np.int64),
        bytes_read=len(content),
        bytes_total=len(content),
        attention=AttentionMap(np.full(count, 1 / count, np.float32), 0.0, 0.0, method, "Title"),
        run=RUN,
        traced=target.position if target else positions[0] if positions else 0,
    )


def submit(screen: MaskedBytesScreen, session: Session, state: MaskedBytesState) -> Update:
    """What the page shows in the end."""
    shown: Update = {}
    for update in screen.submit(session, state):
        shown |= update
    return shown


@pytest.fixture
def backend() -> FakeBackend:
    return FakeBackend({MaskedBytesRequest: answer})


@pytest.fixture
def screen(backend: FakeBackend) -> MaskedBytesScreen:
    return MaskedBytesScreen(backend)


def test_submit_asks_for_what_is_set_and_shows_it(
    screen: MaskedBytesScreen, backend: FakeBackend, session: Session
) -> None:
    state = screen.initial.changed(text="a cat", mask=((2, 5),), top_k=3, decoding="parallel", method="rollout", head=1)
    update = submit(screen, session, state)
    (request,) = backend.requests
    assert (request.text, request.mask, request.top_k, request.decoding) == ("a cat", ((2, 5),), 3, "parallel")
    assert (request.probe.method, request.probe.head, request.probe.target) == ("rollout", None, None)
    assert Elements(update["filled"]).text.count("x") >= 3
    assert update["answered"]
    params = dict(parse_qsl(update["link"], keep_blank_values=True))
    assert screen.state.from_query(params, screen.initial)[0] == state.changed(byte=2)


def test_an_error_of_the_model_is_raised_for_the_binding(session: Session) -> None:
    screen = MaskedBytesScreen(FakeBackend({MaskedBytesRequest: lambda request: InputError("no byte is masked")}))
    with pytest.raises(InputError, match="no byte is masked"):
        submit(screen, session, screen.initial)
    assert session.get() is None


def filling(request: MaskedBytesRequest) -> list[MaskedBytesProgress | MaskedBytesResult]:
    """A long request: first byte 2 is filled, then byte 4 too, and byte 3 last."""
    first = MaskedBytesProgress(b"a xat", np.array([2]), np.array([3, 4]))
    second = MaskedBytesProgress(b"a xax", np.array([2, 4]), np.array([3]))
    return [first, second, answer(request)]


def test_a_text_is_shown_while_it_is_being_filled(session: Session) -> None:
    screen = MaskedBytesScreen(FakeBackend({MaskedBytesRequest: filling}))
    steps = screen.submit(session, screen.initial.changed(text="a cat", mask=((2, 5),)))
    first = next(steps)
    assert session.get() is None  # there is nothing to click in a text that is not filled yet
    assert first["answered"]
    assert first["candidates"] == first["attention"] == first["run_line"] == ""
    second, last = steps
    for update, masked in ((first, 2), (second, 1)):
        strip = Elements(update["filled"])
        assert (len(strip.of("span", "masked")), len(strip.of("span", "filled"))) == (masked, 3 - masked)
        assert str(3 - masked) in update["notice"].text
        assert "3 bytes" in update["notice"].text
        assert not strip.of("button")
    assert "answered" not in second
    assert session.get().result.filled == "a xxx"
    assert Elements(last["filled"]).of("button", "filled")
    assert last["notice"] == ""


def test_a_later_text_ends_the_filling_of_an_earlier_one(session: Session) -> None:
    screen = MaskedBytesScreen(FakeBackend({MaskedBytesRequest: filling}))
    earlier = screen.submit(session, screen.initial.changed(text="a cat", mask=((2, 5),)))
    next(earlier)
    submit(screen, session, screen.initial.changed(text="a dog", mask=((2, 5),)))
    assert list(earlier) == []
    assert session.get().state.text == "a dog"


def test_a_click_traces_that_byte_by_the_controls(
    screen: MaskedBytesScreen, backend: FakeBackend, session: Session
) -> None:
    assert screen.select_byte(session, screen.initial, 3) == {}
    submit(screen, session, screen.initial.changed(text="a cat", mask=((2, 5),)))
    update = screen.select_byte(session, screen.initial.changed(method="decoder", head=2, text="typed meanwhile"), 3.0)
    request = backend.requests[-1]
    assert (request.text, request.probe.target) == ("a cat", ByteAt(3))
    assert (request.probe.method, request.probe.head) == ("decoder", 2)
    assert "byte=3" in update["link"]


def test_another_method_traces_the_same_byte(screen: MaskedBytesScreen, backend: FakeBackend, session: Session) -> None:
    submit(screen, session, screen.initial.changed(text="a cat", mask=((2, 5),)))
    screen.select_byte(session, screen.initial, 4)
    screen.trace(session, screen.initial.changed(method="rollout"))
    assert backend.requests[-1].probe.target == ByteAt(4)
    assert session.get().state.method == "rollout"


def test_another_scale_needs_no_model(screen: MaskedBytesScreen, backend: FakeBackend, session: Session) -> None:
    submit(screen, session, screen.initial)
    before = len(backend.requests)
    update = screen.redraw(session, screen.initial.changed(scale="log"))
    assert len(backend.requests) == before
    assert "scale=log" in update["link"]


def test_an_example_sets_text_and_mask(screen: MaskedBytesScreen, session: Session) -> None:
    update = screen.choose_example(session, screen.initial, 1)
    assert update["text"] == EXAMPLES[1].text
    assert update["mask"]["spans"] == [list(span) for span in EXAMPLES[1].spans]
    assert isinstance(update["notice"], Notice)
    state = screen.initial.changed(text=EXAMPLES[1].text, mask=EXAMPLES[1].spans)
    assert submit(screen, session, state)["notice"] == update["notice"]
    assert submit(screen, session, state.changed(text="a cat", mask=((0, 1),)))["notice"] == ""


def test_another_model_sets_limit_heads_and_latents(screen: MaskedBytesScreen, session: Session) -> None:
    update = screen.choose_weights(session, screen.initial.changed(weights="published"))
    assert update["mask"]["limit"] == SHAPE.longest_text
    assert len(update["head"].properties["choices"]) == SHAPE.cross_heads + 1
    assert len(update["latent"].properties["choices"]) == SHAPE.latents + 1


def test_opens_with_the_first_example_for_everybody(
    screen: MaskedBytesScreen, backend: FakeBackend, session: Session
) -> None:
    (update,) = screen.open(session, {})
    assert update["link"] == ""
    list(screen.open(session.store.session("another", "page"), {}))
    assert len(backend.requests) == 1


def test_opens_as_the_visitor_left_it(screen: MaskedBytesScreen, backend: FakeBackend, session: Session) -> None:
    link = submit(screen, session, screen.initial.changed(text="a cat", mask=((2, 5),)))["link"]
    before = len(backend.requests)
    for params in ({}, dict(parse_qsl(link, keep_blank_values=True))):
        (update,) = screen.open(session, params)
        assert update["text"] == "a cat"
    assert len(backend.requests) == before


def test_opens_a_link_and_says_what_does_not_fit(screen: MaskedBytesScreen, session: Session) -> None:
    params = {"text": "a cat", "mask": "[[0,1]]", "top_k": "99", "head": "7", "byte": "3", "unknown": "1"}
    shown: dict[str, Any] = {}
    for update in updates(screen.open(session, params)):
        shown |= update
    state = session.get().state
    assert (state.text, state.mask, state.top_k, state.head, state.byte) == ("a cat", ((0, 1),), 5, None, 3)
    assert shown["notice"].level == "alert"


@pytest.mark.parametrize(
    ("text", "hidden", "kept"),
    [
        ("a\r\nb\r\nword", "word", "word"),
        ("word\r\nb", "word", "word"),
        ("é\r\n[MASK]\r\nwörd\r\n!", "wörd", "wörd"),
        ("a\r\nword\r\nb\r\nc", "word\r\nb", "word\nb"),
        ("a\rword", "word", "word"),
    ],
)
def test_line_breaks_of_a_link_leave_the_mask_where_it_was(text: str, hidden: str, kept: str) -> None:
    start = len(text[: text.index(hidden)].encode())
    span, byte = (start, start + len(hidden.encode())), len(text[: text.index(hidden)].replace("[MASK]", "?").encode())
    link = MaskedBytesState(text=text, mask=(span,), byte=byte).to_query(MaskedBytesState())
    state, notices = MaskedBytesState.from_query(dict(parse_qsl(link)), MaskedBytesState())
    assert notices == ()
    assert "\r" not in state.text
    assert [state.text.encode()[start:stop].decode() for start, stop in state.mask] == [kept]
    assert state.byte is not None
    assert state.text.replace("[MASK]", "?").encode()[state.byte :].decode().startswith(kept)


def test_half_of_a_character_is_masked(screen: MaskedBytesScreen, session: Session) -> None:
    link = MaskedBytesState(text="aé", mask=((2, 3),)).to_query(MaskedBytesState())
    state, _ = MaskedBytesState.from_query(dict(parse_qsl(link)), MaskedBytesState())
    shown = submit(screen, session, state)
    assert session.get().result.filled_bytes == b"a\xc3x"
    cells = [attributes for _, attributes in Elements(shown["filled"]).found if "data-position" in attributes]
    assert [(each["data-position"], "filled" in str(each["class"])) for each in cells] == [
        ("0", False),
        ("1", False),
        ("2", True),
    ]
    assert screen.model_parts(state)["mask"]["spans"] == [[2, 3]]


def test_the_plot_is_saved_as_it_is_shown(screen: MaskedBytesScreen, session: Session) -> None:
    submit(screen, session, screen.initial)
    files = screen.files(session, screen.initial, screen.attention_files)
    assert set(files.write) == {"html", "png", "svg", "npz"}


def test_a_page_is_saved_that_needs_nothing_else(screen: MaskedBytesScreen, session: Session, tmp_path: Path) -> None:
    submit(screen, session, screen.initial.changed(text="a <blink>cat", mask=((0, 1),)))
    screen.files(session, screen.initial, screen.attention_files).write["html"](tmp_path / "page.html")
    html = (tmp_path / "page.html").read_text(encoding="utf-8")
    page = Elements(html)
    linked = [attributes[name] or "" for _, attributes in page.found for name in ("src", "href") if name in attributes]
    assert all(link.startswith(("data:", "#")) for link in linked)
    assert "@import" not in html
    assert any("data-position" in attributes for _, attributes in page.found)
    assert "a <blink>cat" in page.text  # among the settings, as text
    assert not page.of("blink")


def test_a_program_gets_the_result(screen: MaskedBytesScreen) -> None:
    assert screen.call(screen.initial.changed(text="a cat", mask=((0, 1),))).filled == "x cat"


def test_spans_follow_a_text_that_was_edited_since(screen: MaskedBytesScreen) -> None:
    strip = screen.controls(screen.initial.changed(text="a cat", mask=((2, 5),)))["mask"]
    assert mask_spans({"mask": strip, "text": "the a cat"}) == [[6, 9]]
