"""A generated text: its tokens, their names, and how the text before one of them was divided."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np

from components.analysis.byte_labels import NEWLINE, SPACE, byte_label
from components.analysis.text_units import Fitted, Piece, Unit, UnitShares, fitted
from components.scale.attention import Scale
from components.words.numbers import counted, percent
from components.words.quotes import quoted
from models.schema import AttentionMap, GeneratedToken, TextGenerationStep

NOTHING = "∅"
"""Label of a token without text."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token after the prompt. written: how it was generated, or None if an earlier request generated it."""

    content: bytes
    written: GeneratedToken | None


def tokens_after_prompt(step: TextGenerationStep, earlier: Sequence[GeneratedToken] = ()) -> list[Token]:
    """In order. earlier: the tokens of the request's `written`, as generated; without them, only contents are known.

    Raises ValueError if `earlier` are other tokens.
    """
    if earlier and tuple(token.content for token in earlier) != step.written_tokens:
        raise ValueError(f"{len(earlier)} earlier tokens are not the {len(step.written_tokens)} of the request")
    known = earlier or [None] * len(step.written_tokens)
    before = [Token(content, how) for content, how in zip(step.written_tokens, known, strict=True)]
    return [*before, *(Token(token.content, token) for token in step.tokens)]


def noun(contents: Sequence[bytes]) -> str:
    """Noun for a token of these: "byte" or "token"."""
    return "byte" if all(len(content) <= 1 for content in contents) else "token"


def plain(contents: Sequence[bytes]) -> str:
    """The text of tokens; bytes that are not UTF-8 as U+FFFD."""
    return b"".join(contents).decode("utf-8", "replace")


def token_name(content: bytes) -> str:
    """Name of a token in a sentence: “e”, space, new line, byte C3, end of the text."""
    named = {b"": "end of the text", b" ": "space", b"\n": "new line", b"\t": "tab"}.get(content)
    if named:
        return named
    try:
        text = content.decode("utf-8").replace(" ", SPACE).replace("\n", NEWLINE)
    except UnicodeDecodeError:
        text = ""
    if text.isprintable() and text:
        return quoted(text)
    return ("byte " if len(content) == 1 else "bytes ") + content.hex(" ").upper()


def bits_each(tokens: Sequence[Token]) -> float | None:
    """Mean of -log2 of the known probabilities; None without any."""
    known = [token.written.probability for token in tokens if token.written]
    # A probability that float32 rounded to 0 is still one.
    return float(-np.log2(np.maximum(known, 1e-38)).mean()) if known else None


def surprise_in_words(tokens: Sequence[Token]) -> str:
    """Bits of the generated tokens, and the geometric mean of their probabilities; or ""."""
    bits = bits_each(tokens)
    if bits is None:
        return ""
    each = noun([token.content for token in tokens])
    return f"On average {abs(bits):.2f} bits per {each} (probability {2**-bits:.0%})."


@dataclass(frozen=True, slots=True)
class ReadText:
    """The text before a token in pieces, and the attention to each of them.

    token: content of the traced token. dropped, out_of_sight: how many tokens at the left were truncated, and their
    text. pieces: of prefix and latents; their start and stop count tokens from the prompt's first. border: how many of
    them are prefix. first: the first that the map covers; shares are of the pieces from there on. unit: of the
    pieces; said: its plural noun. each: noun for a token. note: why the unit differs from the requested one, or "".
    """

    token: bytes
    dropped: int
    out_of_sight: str
    pieces: tuple[Piece, ...]
    border: int
    first: int
    shares: UnitShares
    unit: Unit
    said: str
    each: str
    note: str

    @property
    def prefix_share(self) -> float:
        """Share of the attention, 0 to 1; 0 if the map covers only the latents."""
        return float(self.shares.shares[: self.border - self.first].sum())

    @property
    def latents_share(self) -> float:
        return float(self.shares.shares[self.border - self.first :].sum())

    def in_words(self, at: int, scale: Scale) -> str:
        """The share of a piece that the map covers."""
        return self.shares.in_words(at - self.first, scale)


def read_text(step: TextGenerationStep, unit: Unit = "words") -> ReadText:
    """The context of the traced token. Words and characters are split where the latents begin.

    Raises ValueError for a step without attention, or with attention to another text.
    """
    attention, prompt = traced_attention(step), len(step.prompt_tokens)
    contents = all_contents(step)
    stop = step.dropped + step.prefix_length + step.latents
    over = step.latents if attention.method == "decoder" else step.prefix_length + step.latents
    if stop != prompt + (step.traced or 0) or stop >= len(contents) or attention.values.shape != (over,):
        raise ValueError(f"no attention over the {stop} tokens before generated token {step.traced}")
    shown, spans, pieces = _in_pieces(contents, step, stop, unit)
    border = sum(start < step.prefix_length for start, _ in spans)
    first = border if attention.method == "decoder" else 0
    each = noun(contents)
    return ReadText(
        token=contents[stop],
        dropped=step.dropped,
        out_of_sight=plain(contents[: step.dropped]),
        pieces=pieces,
        border=border,
        first=first,
        shares=_shares(attention, spans[first:]),
        unit=shown.unit,
        said=f"{each}s" if shown.unit == "bytes" else shown.unit,
        each=each,
        note=shown.note,
    )


def words_read(step: TextGenerationStep, stop: int) -> tuple[Piece, ...]:
    """The words of the text from token `dropped` to `stop`, split where the latents begin."""
    return _in_pieces(all_contents(step), step, stop, "words")[2]


def all_contents(step: TextGenerationStep) -> tuple[bytes, ...]:
    """The content of each token: of the prompt, of earlier requests and new ones."""
    return (*step.prompt_tokens, *step.written_tokens, *(token.content for token in step.tokens))


def cell_label(content: bytes) -> str:
    """Text of a token where one token is one cell."""
    return _piece([content], 0, "bytes").text


def _in_pieces(
    contents: Sequence[bytes], step: TextGenerationStep, stop: int, unit: Unit
) -> tuple[Fitted, list[tuple[int, int]], tuple[Piece, ...]]:
    """The text from token `dropped` to `stop`: in units that fit, and as spans and pieces of tokens."""
    seen = contents[step.dropped : stop]
    shown = fitted(b"".join(seen).decode("utf-8", "surrogateescape"), unit)
    spans = _spans(seen, step.prefix_length, shown.unit, shown.pieces)
    return shown, spans, tuple(_piece(seen[a:b], step.dropped + a, shown.unit) for a, b in spans)


def traced_attention(step: TextGenerationStep) -> AttentionMap:
    """Raises ValueError for a step without attention."""
    if step.attention is None or step.traced is None:
        raise ValueError("the step has no attention")
    return step.attention


def zones_in_words(step: TextGenerationStep, read: ReadText) -> str:
    """Shares of the attention on latents and prefix, and the residual share."""
    attention = traced_attention(step)
    parts = [f"{percent(read.latents_share)} on the {counted(step.latents, 'latent')}"]
    if attention.method == "decoder":
        parts.append("the prefix is not part of this map")
    elif step.prefix_length:
        parts.append(f"{percent(read.prefix_share)} on the prefix ({counted(step.prefix_length, read.each)})")
    else:
        parts.append("no prefix")
    if residual := attention.latent_share + attention.query_share:
        parts.append(f"residual share {percent(residual)}")
    return f"Attention: {', '.join(parts)}."


def _spans(contents: Sequence[bytes], prefix: int, unit: Unit, found: Sequence[Piece]) -> list[tuple[int, int]]:
    """Half-open, of tokens: those that begin in the same piece, on the same side of the border.

    A token that begins with a space belongs to the word that follows.
    """
    starts = accumulate(map(len, contents), initial=0)
    begins = [start + _spaces_before(content) for start, content in zip(starts, contents, strict=False)]
    piece = np.searchsorted([each.stop for each in found], begins, side="right").tolist()
    alone = [unit == "bytes" or not content for content in contents]
    cuts = [
        at
        for at in range(len(contents))
        if at in (0, prefix) or alone[at] or alone[at - 1] or piece[at] != piece[at - 1]
    ]
    return list(pairwise([*cuts, len(contents)]))


def _spaces_before(content: bytes) -> int:
    """Number of whitespace bytes before the text of a token; 0 if there is no text."""
    text = content.lstrip()
    return len(content) - len(text) if text else 0


def _piece(contents: Sequence[bytes], start: int, unit: Unit) -> Piece:
    joined = b"".join(contents)
    text = byte_label(joined[0]) if unit == "bytes" and len(joined) == 1 else plain(contents) or NOTHING
    return Piece(start, start + len(contents), text)


def _shares(attention: AttentionMap, spans: Sequence[tuple[int, int]]) -> UnitShares:
    starts = np.array([start for start, _ in spans]) - spans[0][0]
    shares = np.add.reduceat(attention.values.astype(np.float64), starts)
    return UnitShares(shares, np.array([stop - start for start, stop in spans]), attention.uniform)


def place_in_words(piece: Piece, each: str) -> str:
    """ "byte 12", "bytes 12 to 15", counted from the prompt's first."""
    if piece.stop - piece.start == 1:
        return f"{each} {piece.start:,}"
    return f"{each}s {piece.start:,} to {piece.stop - 1:,}"
