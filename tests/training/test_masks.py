"""Which bytes are hidden, in training and in the evaluation."""

import numpy as np
import pytest
import torch

from training.masking import EVALUATION_RATE, SPAN_WIDTHS, _words, evaluation_mask, span_widths, training_mask

PROSE = b"It was a bright cold day in April, and the clocks were striking.\nWinston Smith slipped quickly through "


def evaluation_masks(count: int, length: int = 512, seed: int = 3) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.stack([evaluation_mask(length, rng) for _ in range(count)])


def prose(batch: int, length: int = 512) -> torch.Tensor:
    return torch.from_numpy(np.frombuffer(PROSE * 8, np.uint8)[:length].copy()).expand(batch, -1)


def test_evaluation_masks_hide_the_rate_in_spans_of_the_set_that_do_not_touch():
    masks = evaluation_masks(200)
    wanted = round(EVALUATION_RATE * 512)
    assert (masks.sum(axis=1) >= wanted).all()
    assert (masks.sum(axis=1) < wanted + max(SPAN_WIDTHS)).all()
    assert set(np.unique(span_widths(masks))) == {0, *SPAN_WIDTHS}  # touching spans would add other widths


def test_evaluation_masks_reach_both_ends_and_are_as_frequent_everywhere():
    share = evaluation_masks(800).mean(axis=0)
    assert share.min() > 0.02
    assert share[16:-16].max() < 0.2


@pytest.mark.parametrize("length", [8, 40, 512])
def test_evaluation_masks_depend_on_their_seed_alone(length):
    first = evaluation_masks(5, length)
    torch.manual_seed(1)
    np.random.seed(1)
    assert (evaluation_masks(5, length) == first).all()
    assert (evaluation_masks(5, length, seed=4) != first).any()


def test_span_widths_of_each_row_by_itself():
    mask = np.array([[1, 1, 0, 1, 0, 0], [1, 0, 0, 0, 1, 1], [0, 0, 0, 0, 0, 0]], dtype=bool)
    assert span_widths(mask).tolist() == [[2, 2, 0, 1, 0, 0], [1, 0, 0, 0, 2, 2], [0] * 6]


@pytest.mark.parametrize("single_share", [0.0, 0.2, 1.0])
def test_training_masks_hide_within_the_text_and_always_something(single_share):
    torch.manual_seed(0)
    lengths = torch.randint(8, 513, (400,))
    mask = training_mask(prose(400), lengths, single_share)
    assert not (mask & (torch.arange(512) >= lengths[:, None])).any()
    assert mask.any(dim=1).all()


@pytest.mark.parametrize("single_share", [0.0, 0.6, 1.0])
def test_training_masks_hide_15_percent_on_average(single_share):
    torch.manual_seed(0)
    share = training_mask(prose(600), torch.full((600,), 512), single_share).float().mean(dim=1)
    assert 0.13 < share.mean() < 0.175
    assert share.max() < 0.5
    assert share.std() > 0.04  # from 5 to 25%


def test_some_training_masks_hide_single_bytes_and_some_wider_spans():
    torch.manual_seed(0)
    lengths = torch.full((300,), 512)
    single, other = (
        span_widths(training_mask(prose(300), lengths, share).numpy()).max(axis=1).mean() for share in (1.0, 0.0)
    )
    assert single < 4 < other


def test_words_are_hidden_whole_with_the_space_before_them():
    torch.manual_seed(0)
    text = prose(200)
    hidden = _words(text, torch.full((200, 1), 0.3))
    starts = np.flatnonzero(np.isin(text[0].numpy(), list(b" \n")))
    for word in np.split(np.arange(512), starts):
        assert (hidden[:, word].all(dim=1) == hidden[:, word].any(dim=1)).all()
    assert 0.2 < hidden.float().mean() < 0.4


def test_nothing_but_spaces_can_be_masked():
    assert training_mask(torch.full((64, 32), ord(" "), dtype=torch.uint8), torch.full((64,), 32), 0.0).any(dim=1).all()
