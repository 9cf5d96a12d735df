"""Tokens of a text that is written on: bytes for models of bytes, a tokenizer's pieces for the others."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

from transformers import AutoTokenizer

from models.data.byte_text import utf8
from models.perceiver.hub import ask_hub
from models.schema import CheckpointUnavailable
from models.schema.text_generation import BYTE_VOCABULARY
from models.tasks.byte_tokens import FIRST_BYTE, SEP

TOKENIZER = "xlnet-base-cased"
"""What the published model was trained with."""
_OWN = ("tokenizer.json", "tokenizer_config.json", "spiece.model")
_ENDS = ("</s>", "<eop>", "<eod>")
_SPACE = "▁"


class TextTokens(Protocol):
    """unit: what a token is called, in the plural. contents: of each id, the bytes of text that it stands for.

    ends: ids after which nothing follows; they have no content. forbidden: ids that are never written.
    """

    unit: str
    contents: Sequence[bytes]
    ends: frozenset[int]
    forbidden: frozenset[int]

    def ids(self, text: str) -> list[int]:
        """Without special tokens around. Raises InputError for what is not valid Unicode."""
        ...


class ByteTokens:
    """Every byte is a token, and [SEP], which `PerceiverTokenizer` sets after a text, ends one.

    A model that never saw a [SEP] gives it next to nothing.
    """

    unit: str = "bytes"
    contents: Sequence[bytes] = (b"",) * FIRST_BYTE + tuple(bytes([value]) for value in range(256))
    ends = frozenset({SEP})
    forbidden = frozenset(range(FIRST_BYTE)) - ends

    def ids(self, text: str) -> list[int]:
        return [value + FIRST_BYTE for value in utf8(text)]


class PieceTokens:
    """Pieces of words, as SentencePiece cuts them: a blank is at the start of the piece after it.

    Such tokenizers change texts a little: theirs begin with a blank, and a line break is another blank. A literal
    "</s>" in a prompt is taken for the special token.
    """

    unit: str = "tokens"

    def __init__(self, tokenizer: Any, vocabulary: int):
        """vocabulary: ids that the model knows, of which the last ones may be no piece."""
        known = tokenizer.get_vocab()
        special = set(tokenizer.all_special_ids)
        self.ends = frozenset({known[name] for name in _ENDS if name in known} | {tokenizer.eos_token_id} - {None})
        self.forbidden = frozenset((special | set(range(len(tokenizer), vocabulary))) - self.ends)
        pieces = tokenizer.convert_ids_to_tokens(list(range(len(tokenizer))))
        self.contents: Sequence[bytes] = tuple(
            b"" if index in special | self.ends else piece.replace(_SPACE, " ").encode()
            for index, piece in enumerate(pieces)
        ) + (b"",) * (vocabulary - len(pieces))
        self._tokenizer = tokenizer

    def ids(self, text: str) -> list[int]:
        utf8(text)
        return self._tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]


def text_tokens(vocabulary: int, source: Path | str) -> TextTokens:
    """The tokens of a model by how many ids it knows: as many as bytes and their special tokens, or else a tokenizer's.

    source: where its weights come from; the tokenizer is that of the folder, where it has one, or `TOKENIZER`. Raises
    CheckpointUnavailable where it cannot be had, or has more ids than the model.
    """
    if vocabulary == BYTE_VOCABULARY:
        return ByteTokens()
    own = isinstance(source, Path) and any((source / name).is_file() for name in _OWN)
    return _pieces(source if own else TOKENIZER, vocabulary)


@lru_cache(maxsize=2)
def _pieces(source: Path | str, vocabulary: int) -> PieceTokens:
    still = "The embedded model needs none, and is still there."
    try:
        tokenizer = _from_pretrained(source)
    except Exception as error:  # other people's files: each part of them fails in its own way
        reason = "cannot be read" if isinstance(source, Path) else "is not on this machine and could not be downloaded"
        raise CheckpointUnavailable(f"The tokenizer {source} {reason}. {still}") from error
    if len(tokenizer) > vocabulary:
        raise CheckpointUnavailable(
            f"The tokenizer {source} has {len(tokenizer):,} tokens, and the model knows {vocabulary:,}. {still}"
        )
    return PieceTokens(tokenizer, vocabulary)


def _from_pretrained(source: Path | str) -> Any:
    try:
        return AutoTokenizer.from_pretrained(source, local_files_only=True)
    except (OSError, ValueError):
        if isinstance(source, Path):
            raise
        ask_hub(source)
        return AutoTokenizer.from_pretrained(source)
