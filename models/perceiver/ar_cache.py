"""Key-value cache of a Perceiver AR, so that a further token costs one position.

Keys are cached after rotation by their position in the text. Rotations act only through differences of positions, so
cached keys stay valid when the text grows.
"""

from torch import Tensor


class KeyValues:
    """Keys and values of one attention for at most `room` positions."""

    def __init__(self, room: int):
        self.room, self.length = room, 0
        self._held: tuple[Tensor, Tensor] | None = None

    def extended(self, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Appends the keys and values of further positions, [B, H, K, D], and returns views of all of them.

        Raises ValueError if they do not fit.
        """
        end = self.length + keys.shape[2]
        if end > self.room:
            raise ValueError(f"the cache has room for {self.room} positions, not {end}")
        if self._held is None:
            shape = (*keys.shape[:2], self.room, keys.shape[3])
            self._held = keys.new_empty(shape), values.new_empty(shape)
        for held, new in zip(self._held, (keys, values), strict=True):
            held[:, :, self.length : end] = new
        self.length = end
        return self._held[0][:, :, :end], self._held[1][:, :, :end]

    @property
    def nbytes(self) -> int:
        return sum(held.nbytes for held in self._held or ())


class KeyValueCache:
    """Keys and values of the cross-attention, `across`, and of each self-attention layer, `among`.

    matching: those of matching heads, if the model has any; last_ids: the ids before the next one that these read.
    """

    def __init__(self, layers: int, room: int, latents: int):
        """Room for `room` positions, of which at most `latents` are latents."""
        self.across = KeyValues(room)
        self.matching = KeyValues(room)
        self.last_ids: Tensor | None = None
        self.among = [KeyValues(latents) for _ in range(layers)]

    @property
    def read(self) -> int:
        """Positions so far, prefix and latents."""
        return self.across.length

    @property
    def latents(self) -> int:
        """Number of latents so far."""
        return self.among[0].length

    @property
    def nbytes(self) -> int:
        """Allocated bytes."""
        return self.across.nbytes + self.matching.nbytes + sum(each.nbytes for each in self.among)
