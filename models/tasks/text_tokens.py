"""Tokenizers for text generation: bytes for byte-level models, a subword tokenizer for the others."""

import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

from tokenizers import Regex, pre_tokenizers
from transformers import AutoTokenizer

from models.data.byte_text import utf8
from models.perceiver.hub import ask_hub
from models.schema import CheckpointUnavailable
from models.schema.text_generation import BYTE_VOCABULARY
from models.tasks.byte_tokens import FIRST_BYTE, SEP

TOKENIZER = "xlnet-base-cased"
"""Tokenizer of the published model."""
_OWN = ("tokenizer.json", "tokenizer_config.json", "spiece.model")
_ENDS = ("</s>", "<eop>", "<eod>")
_SPACE = "▁"


class TextTokens(Protocol):
    """unit: name of the tokens, in the plural.

    contents: bytes of text that each id stands for.
    ends: ids that end a text; they have no content.
    forbidden: ids that are never generated.
    """

    unit: str
    contents: Sequence[bytes]
    ends: frozenset[int]
    forbidden: frozenset[int]

    def ids(self, text: str) -> list[int]:
        """Ids without special tokens. Raises InputError for a text that is not valid Unicode."""
        ...


class ByteTokens:
    """Every byte is a token, and [SEP], which `PerceiverTokenizer` appends to a text, ends it.

    A model that was trained without [SEP] gives it almost no probability.
    """

    unit: str = "bytes"
    contents: Sequence[bytes] = (b"",) * FIRST_BYTE + tuple(bytes([value]) for value in range(256))
    ends = frozenset({SEP})
    forbidden = frozenset(range(FIRST_BYTE)) - ends

    def ids(self, text: str) -> list[int]:
        return [value + FIRST_BYTE for value in utf8(text)]


class PieceTokens:
    """Subwords of SentencePiece, in which a space belongs to the following subword.

    These tokenizers change a text slightly: their text starts with a space, and a line break becomes a space. A literal
    "</s>" in a prompt is text, not the special token.
    """

    unit: str = "tokens"

    def __init__(self, tokenizer: Any, vocabulary: int):
        """vocabulary: number of ids of the model, which may exceed the number of subwords."""
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
        _split_special_literals(tokenizer)

    def ids(self, text: str) -> list[int]:
        utf8(text)
        return self._tokenizer(text, add_special_tokens=False, split_special_tokens=True, verbose=False)["input_ids"]


def _split_special_literals(tokenizer: Any) -> None:
    """Cuts literal special tokens after their first character: they may be pieces of the vocabulary."""
    names = [name for name in tokenizer.all_special_tokens if len(name) > 1]
    if not names:
        return
    literals = Regex("|".join(f"{re.escape(name[0])}(?={re.escape(name[1:])})" for name in names))
    backend, cut = tokenizer.backend_tokenizer, pre_tokenizers.Split(literals, "isolated")
    before = [backend.pre_tokenizer] if backend.pre_tokenizer else []
    backend.pre_tokenizer = pre_tokenizers.Sequence([*before, cut])


def text_tokens(vocabulary: int, source: Path | str) -> TextTokens:
    """The tokens of a model, by its vocabulary size: bytes with special tokens, or a subword tokenizer.

    source: folder or hub id of the weights; the tokenizer is read from the folder if it has one, or else is
        `TOKENIZER`.

    Raises CheckpointUnavailable if the tokenizer cannot be loaded or has more ids than the model.
    """
    if vocabulary == BYTE_VOCABULARY:
        return ByteTokens()
    own = isinstance(source, Path) and any((source / name).is_file() for name in _OWN)
    return _pieces(source if own else TOKENIZER, vocabulary)


@lru_cache(maxsize=2)
def _pieces(source: Path | str, vocabulary: int) -> PieceTokens:
    still = "The demo model still works."
    try:
        tokenizer = _from_pretrained(source)
    except Exception as error:  # files from the hub can fail in many ways
        reason = "cannot be read" if isinstance(source, Path) else "is not in the cache and could not be downloaded"
        raise CheckpointUnavailable(f"The tokenizer {source} {reason}. {still}") from error
    if len(tokenizer) > vocabulary:
        raise CheckpointUnavailable(
            f"The tokenizer {source} has {len(tokenizer):,} tokens, but the model has {vocabulary:,}. {still}"
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
