"""Bytes as token ids, in the vocabulary of transformers' `PerceiverTokenizer`: special tokens first, then 256 bytes.

The tokenizer itself takes text and would read a visitor's literal "[SEP]" as a token. Here bytes stay bytes.
"""

import numpy as np
import torch
from torch import Tensor
from transformers import PerceiverTokenizer

from models.byte_text import ByteText

_VOCABULARY = PerceiverTokenizer().get_vocab()
CLS, SEP, MASK, FIRST_BYTE = (_VOCABULARY[token] for token in ("[CLS]", "[SEP]", "[MASK]", "\0"))
AROUND = 1
"""Tokens before the first byte, and after the last: [CLS] and [SEP]."""


def token_ids(text: ByteText) -> Tensor:
    """[CLS], the bytes with the hidden ones as [MASK], [SEP]: int64 [1, n + 2]."""
    ids = np.frombuffer(text.content, dtype=np.uint8).astype(np.int64) + FIRST_BYTE
    ids[np.array(text.hidden, dtype=bool)] = MASK
    return torch.from_numpy(np.concatenate([[CLS], ids, [SEP]]))[None]
