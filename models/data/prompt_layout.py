"""How a prompt is divided into a prefix and latents."""


def fitting_latents(length: int, wanted: int, context: int, most: int, cut: bool) -> int:
    """The number of latents closest to `wanted` that a prompt of `length` tokens and the model allow.

    context: longest text that the model reads; most: its number of latents. cut: whether tokens may be cut if the
    prefix is longer than the model takes; if not, a prompt that fits into the context gets more latents.
    """
    fewest = 1 if cut else max(1, length - (context - most))
    return min(max(wanted, fewest), length, most)
