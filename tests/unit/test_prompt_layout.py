"""How a prompt is divided: prefix, latents and tokens that are not read add up to its length."""

import pytest

from models.data.prompt_layout import divide_prompt


@pytest.mark.parametrize(
    ("length", "wanted", "cut", "parts"),
    [
        (10, 4, False, (6, 4, 0)),
        (10, 20, False, (2, 8, 0)),  # no more latents than the model has
        (3, 8, False, (0, 3, 0)),  # nor than tokens
        (20, 1, False, (16, 4, 0)),  # the prefix takes 16, so more of the prompt becomes latents
        (20, 1, True, (16, 1, 3)),  # or the first tokens are cut
        (30, 8, True, (16, 8, 6)),
    ],
)
def test_a_prompt_is_divided_within_the_model(length: int, wanted: int, cut: bool, parts: tuple[int, int, int]) -> None:
    assert divide_prompt(length, wanted, context=24, most=8, cut=cut) == parts
