"""Tokens of texts: bytes, and pieces of a tiny tokenizer made here."""

from pathlib import Path

import pytest
from huggingface_hub import constants
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PerceiverTokenizer, PreTrainedTokenizerFast

from models.schema import CheckpointUnavailable, InputError
from models.tasks.text_tokens import ByteTokens, text_tokens

BYTES = 262
PIECES = ("<unk>", "<s>", "</s>", "<eop>", "<pad>", "▁", "▁the", "▁cat", "s", "é", "<", "/", ">", "eop")
TOKENIZER = len(PIECES)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One with a tokenizer."""
    made = Tokenizer(models.Unigram([(piece, -2.0) for piece in PIECES], 0))
    made.pre_tokenizer, made.decoder = pre_tokenizers.Metaspace(), decoders.Metaspace()
    PreTrainedTokenizerFast(
        tokenizer_object=made,
        unk_token="<unk>",
        bos_token="<s>",
        eos_token="</s>",
        pad_token="<pad>",
        additional_special_tokens=["<eop>"],
    ).save_pretrained(tmp_path)
    return tmp_path


def test_bytes_are_those_of_the_perceivers_tokenizer():
    tokens, tokenizer = text_tokens(BYTES, "anywhere"), PerceiverTokenizer()
    text = "naïve\n[SEP]"
    plain = [tokenizer.convert_tokens_to_ids(chr(byte)) for byte in text.encode()]
    assert tokens.ids(text) == plain
    assert b"".join(tokens.contents[each] for each in tokens.ids(text)).decode() == text
    assert tokens.ends == {tokenizer.sep_token_id}
    assert tokens.forbidden | tokens.ends == set(range(6))
    assert all(tokens.contents[each] == b"" for each in range(6))
    assert tokens.unit == "bytes"


def test_half_a_surrogate_pair_is_refused():
    with pytest.raises(InputError, match="surrogate"):
        ByteTokens().ids("a\ud800")


def test_pieces_of_the_folders_own_tokenizer(folder):
    tokens = text_tokens(TOKENIZER, folder)
    ids = tokens.ids("the cats")
    assert [PIECES[each] for each in ids] == ["▁the", "▁cat", "s"]
    assert b"".join(tokens.contents[each] for each in ids) == b" the cats"
    assert tokens.contents[PIECES.index("é")] == "é".encode()
    assert tokens.ends == {PIECES.index("</s>"), PIECES.index("<eop>")}
    assert tokens.forbidden == {PIECES.index(each) for each in ("<unk>", "<s>", "<pad>")}
    assert all(tokens.contents[each] == b"" for each in tokens.ends)
    assert tokens.unit == "tokens"
    with pytest.raises(InputError, match="surrogate"):
        tokens.ids("\ud800")


def test_literal_special_tokens_are_text(folder):
    tokens = text_tokens(TOKENIZER, folder)
    text = "the</s> cat<eop>s<s>"
    ids = tokens.ids(text)
    assert not {*ids} & (tokens.ends | tokens.forbidden)
    assert b"".join(tokens.contents[each] for each in ids).decode() == f" {text}"


def test_ids_that_are_no_piece_are_never_written(folder):
    tokens = text_tokens(TOKENIZER + 2, folder)
    assert {TOKENIZER, TOKENIZER + 1} <= tokens.forbidden
    assert len(tokens.contents) == TOKENIZER + 2


def test_a_tokenizer_of_more_tokens_than_the_model_knows(folder):
    with pytest.raises(CheckpointUnavailable, match=rf"{TOKENIZER} tokens.* {TOKENIZER - 1}"):
        text_tokens(TOKENIZER - 1, folder)


def test_a_spoiled_tokenizer(folder):
    (folder / "tokenizer.json").write_text("{")
    with pytest.raises(CheckpointUnavailable, match="cannot be read"):
        text_tokens(TOKENIZER, folder)


@pytest.mark.parametrize("source", ["krasserm/perceiver-ar-clm-base", Path("no/tokenizer/here")])
def test_a_tokenizer_that_is_not_to_be_had_is_named(source, tmp_path, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(CheckpointUnavailable, match="xlnet-base-cased is not in the cache"):
        text_tokens(32_000, source)
