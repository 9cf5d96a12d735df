"""What a Perceiver AR keeps of the tokens it has read: keys and values, so that a further one costs one position.

Keys are kept rotated by their place in the text as it was first read. Rotations act through differences of places
alone, so that these need not be counted anew.
"""

from torch import Tensor


class KeyValues:
    """Keys and values of one attention, of at most `room` positions."""

    def __init__(self, room: int):
        self.room, self.length = room, 0
        self._held: tuple[Tensor, Tensor] | None = None

    def extended(self, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Takes in those of further positions, [B, H, K, D] each, and gives those of all: views, not copies.

        Raises ValueError where there is no room for them.
        """
        end = self.length + keys.shape[2]
        if end > self.room:
            raise ValueError(f"there is room for {self.room} positions, not for {end}")
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
    """Keys and values of the cross-attention, `across`, and of each layer after it, `among` the latents."""

    def __init__(self, layers: int, room: int, latents: int):
        """Room for `room` positions, of which at most `latents` are latents."""
        self.across = KeyValues(room)
        self.among = [KeyValues(latents) for _ in range(layers)]

    @property
    def read(self) -> int:
        """Positions read so far, prefix and latents."""
        return self.across.length

    @property
    def latents(self) -> int:
        """How many of them are latents."""
        return self.among[0].length

    @property
    def nbytes(self) -> int:
        """Bytes taken, whether filled or not."""
        return self.across.nbytes + sum(each.nbytes for each in self.among)
