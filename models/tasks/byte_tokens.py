"""Bytes as token ids in the vocabulary of `PerceiverTokenizer`: special tokens first, then the 256 bytes.

The tokenizer takes text and would read a literal "[SEP]" in it as a token. Here all bytes of a text stay bytes.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from transformers import PerceiverTokenizer

from models.data.byte_text import ByteText

_VOCABULARY = PerceiverTokenizer().get_vocab()
PAD, CLS, SEP, MASK, FIRST_BYTE = (_VOCABULARY[token] for token in ("[PAD]", "[CLS]", "[SEP]", "[MASK]", "\0"))
AROUND = 1
"""Tokens before the first and after the last byte: [CLS] and [SEP]."""


def token_ids(text: ByteText) -> Tensor:
    """[CLS], the bytes with masked ones as [MASK], [SEP]: int64 [1, n + 2]."""
    ids = np.frombuffer(text.content, dtype=np.uint8).astype(np.int64) + FIRST_BYTE
    ids[np.array(text.hidden, dtype=bool)] = MASK
    return torch.from_numpy(np.concatenate([[CLS], ids, [SEP]]))[None]


def padded_ids(texts: Sequence[bytes]) -> tuple[Tensor, Tensor | None]:
    """Token ids of several texts, each with [CLS] and [SEP], padded to the longest.

    Returns int64 [B, n + 2] and which of them are not padding, bool [B, n + 2], or None without padding.
    """
    rows = [token_ids(ByteText(text, (False,) * len(text)))[0] for text in texts]
    ids = pad_sequence(rows, batch_first=True, padding_value=PAD)
    return ids, None if all(len(row) == ids.shape[1] for row in rows) else ids != PAD
