"""Cost of generation with a Perceiver AR, and with a decoder-only Transformer of the same depth and width."""

from dataclasses import dataclass

from models.data.attention_cost import layer_operations
from models.schema import ModelShape


@dataclass(frozen=True, slots=True)
class WriterShape:
    """A Perceiver AR: its longest text in tokens, how many of them are latents at most, and its size.

    layers: of self-attention, after the one of cross-attention. widening: of all MLPs; vocabulary: kinds of tokens;
    number_bytes: of a key's or a value's one number.
    """

    context: int
    latents: int
    channels: int
    layers: int
    vocabulary: int
    widening: int = 4
    number_bytes: int = 4

    @classmethod
    def of(cls, shape: ModelShape, number_bytes: int) -> "WriterShape":
        return cls(
            shape.longest_text,
            shape.latents,
            shape.latent_channels,
            shape.layers,
            shape.vocabulary,
            number_bytes=number_bytes,
        )

    @property
    def most_prefix(self) -> int:
        """Tokens of the longest prefix, next to the maximum number of latents."""
        return self.context - self.latents


@dataclass(frozen=True, slots=True)
class Costs:
    """prompt: floating-point operations to read the prompt and compute the logits of the next token. token: for one
    more token with the key-value cache. memory: bytes of this cache after the prompt."""

    prompt: int
    token: int
    memory: int


def costs(shape: WriterShape, prefix: int, latents: int) -> tuple[Costs, Costs]:
    """Costs of a Perceiver AR and of a decoder-only Transformer for a prompt of P = `prefix` and N = `latents` tokens.

    With K = P + N, C channels, L layers, MLPs W times as wide, V kinds of tokens; a multiplication and an addition are
    two operations, and norms, softmax and the like are left out. For a layer see `layer_operations`; the logits of one
    token take 2 C V. Cross-attention: N queries, K positions; the L layers: N of both. The Transformer has 1 + L
    layers, each with K of both. Scores count in full, above the diagonal too, as kernels compute them. One more token
    has 1 query and attends to the cache and itself. The cache has 2 C numbers per token and layer: of K tokens in
    cross-attention and in the Transformer's layers, of N in the latents' layers.
    """
    read, width = prefix + latents, shape.channels
    logits = 2 * width * shape.vocabulary
    kept = 2 * width * shape.number_bytes
    ours = Costs(
        _layer(shape, latents, read, read) + shape.layers * _layer(shape, latents, latents, latents) + logits,
        _layer(shape, 1, 1, read + 1) + shape.layers * _layer(shape, 1, 1, latents + 1) + logits,
        kept * (read + shape.layers * latents),
    )
    depth = 1 + shape.layers
    theirs = Costs(
        depth * _layer(shape, read, read, read) + logits,
        depth * _layer(shape, 1, 1, read + 1) + logits,
        kept * depth * read,
    )
    return ours, theirs


def _layer(shape: WriterShape, queries: int, projected: int, read: int) -> int:
    return layer_operations(queries, projected, read, shape.channels, shape.widening)
