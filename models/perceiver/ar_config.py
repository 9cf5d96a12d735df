"""The configuration of a Perceiver AR, as in `config.json` of krasserm's perceiver-io."""

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

MODEL_TYPE = "perceiver-ar-causal-language-model"
UNUSED = {"max_heads_parallel": None, "activation_checkpointing": False, "activation_offloading": False}
"""Keys of `model_config` that control how the other library saves memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PerceiverArConfig:
    """Names and defaults are those of perceiver-io 0.11.

    num_self_attention_rotary_layers: number of self-attention layers, from the first, with rotary positions; -1 for
        all.
    cross_attention_dropout: share of the prefix that is dropped in training, 0 to 1 (Perceiver AR, section 3.2).
    post_attention_dropout: dropout of attention weights, in training.
    residual_dropout: dropout of the output of each layer, in training.
    output_norm: LayerNorm before the output.
    output_bias: bias of the tied output.
    abs_pos_emb: add learned absolute positions to the tokens, and rotate only half of the channels of a head.
    matching_orders: order of each matching head (`ar_matching.py`), which perceiver-io does not have.
    """

    vocab_size: int
    max_seq_len: int
    max_latents: int
    num_channels: int
    num_heads: int = 8
    num_self_attention_layers: int = 6
    num_self_attention_rotary_layers: int = 1
    self_attention_widening_factor: int = 4
    cross_attention_widening_factor: int = 4
    cross_attention_dropout: float = 0.5
    post_attention_dropout: float = 0.0
    residual_dropout: float = 0.0
    output_norm: bool = False
    output_bias: bool = True
    abs_pos_emb: bool = True
    init_scale: float = 0.02
    matching_orders: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not 0 < self.max_latents <= self.max_seq_len:
            raise ValueError(f"{self.max_latents} latents do not fit a context of {self.max_seq_len} tokens")
        if self.num_channels % self.num_heads or self.rotated_channels % 2:
            raise ValueError(f"{self.num_channels} channels do not make {self.num_heads} heads of channels in pairs")
        if any(order < 1 for order in self.matching_orders):
            raise ValueError(f"matching heads of orders {self.matching_orders}: an order is at least 1")

    @property
    def head_channels(self) -> int:
        return self.num_channels // self.num_heads

    @property
    def rotated_channels(self) -> int:
        """Channels of each head that are rotated by position, in pairs."""
        return self.head_channels // 2 if self.abs_pos_emb else self.head_channels

    @property
    def max_prefix(self) -> int:
        """The longest prefix, in tokens."""
        return self.max_seq_len - self.max_latents

    def rotates(self, layer: int) -> bool:
        """Whether a self-attention layer, counted from 0, has rotary positions."""
        return self.num_self_attention_rotary_layers == -1 or layer < self.num_self_attention_rotary_layers


def read_config(folder: Path) -> PerceiverArConfig:
    """Reads `config.json`. Raises ValueError if it is not a supported Perceiver AR."""
    written = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    inner = written.get("model_config") if isinstance(written, dict) else None
    if not isinstance(inner, dict):
        raise ValueError(f"{folder / 'config.json'} has no model_config of a Perceiver AR")
    known = {field.name for field in fields(PerceiverArConfig)}
    unknown = inner.keys() - known - UNUSED.keys()
    needed = {"vocab_size", "max_seq_len", "max_latents", "num_channels"}
    if unknown or needed - inner.keys():
        raise ValueError(f"model_config: unknown {sorted(unknown)}, missing {sorted(needed - inner.keys())}")
    settings = {name: value for name, value in inner.items() if name in known}
    return PerceiverArConfig(**settings | {"matching_orders": tuple(inner.get("matching_orders", ()))})


def write_config(config: PerceiverArConfig, folder: Path) -> None:
    (folder / "config.json").write_text(json.dumps(as_written(config), indent=2) + "\n", encoding="utf-8")


def as_written(config: PerceiverArConfig) -> dict[str, Any]:
    """Content of `config.json`."""
    settings = asdict(config)
    if not config.matching_orders:
        del settings["matching_orders"]  # perceiver-io takes no settings that it does not know
    return {"model_type": MODEL_TYPE, "is_decoder": True, "model_config": UNUSED | settings}
