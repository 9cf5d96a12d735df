"""Multiplications and additions of a layer of attention."""


def layer_operations(
    queries: int,
    projected: int,
    read: int,
    channels: int,
    widening: int,
    read_channels: int | None = None,
    key_channels: int | None = None,
) -> int:
    """A layer of attention and an MLP: n queries with D channels read k positions with C; keys have E channels.

        queries and output 4 n D E, keys and values 4 p C E, scores and their sums 4 n k E, MLP 4 W n D²

    projected: p positions become keys and values; with a cache fewer than are read. C and E are D by default.
    """
    keys = key_channels or channels
    projections = 4 * queries * channels * keys + 4 * projected * (read_channels or channels) * keys
    return projections + 4 * queries * read * keys + 4 * widening * queries * channels**2
