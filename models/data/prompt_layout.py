"""How a prompt is divided into a prefix and latents."""


def fitting_latents(length: int, wanted: int, context: int, most: int, cut: bool) -> int:
    """The number of latents closest to `wanted` that a prompt of `length` tokens and the model allow.

    context: context length of the model.
    most: number of latents of the model.
    cut: whether a prefix that is too long for the model is cut. If not, a prompt within the context gets more latents.
    """
    fewest = 1 if cut else max(1, length - (context - most))
    return min(max(wanted, fewest), length, most)


def divide_prompt(length: int, wanted: int, context: int, most: int, cut: bool) -> tuple[int, int, int]:
    """Number of tokens in the prefix, of those that become latents, and of those that are not read.

    The arguments are those of `fitting_latents`.
    """
    latents = fitting_latents(length, wanted, context, most, cut)
    prefix = min(length - latents, context - most)
    return prefix, latents, length - prefix - latents
