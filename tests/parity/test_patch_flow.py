"""The small flow model: the engine against transformers' own forward of the same parts, and what its windows see."""

import pytest
import torch
from torch.nn import functional as F

from models.perceiver.engine import decode, encode
from models.perceiver.patch_flow import PerceiverForPatchFlow, unpatch
from models.perceiver.provenance import rollout
from tests.tiny_models import FAR, assert_equal, tiny_patch_flow


@pytest.fixture
def model() -> PerceiverForPatchFlow:
    return tiny_patch_flow()


def frames(batch: int = 2) -> torch.Tensor:
    return torch.rand(batch, 2, 3, 16, 16, generator=torch.Generator().manual_seed(1)) * 2 - 1


def test_engine_equals_transformers(model):
    with torch.no_grad():
        found = decode(model, encode(model, frames()))
        expected = model(frames()).logits
    assert expected.shape == (2, 4, 4, 32)
    assert (expected[0] - expected[1]).abs().max() > FAR
    assert_equal(found, expected.flatten(1, 2))


def test_some_patches_alone(model):
    wanted = torch.tensor([9, 2])
    with torch.no_grad():
        whole = decode(model, encode(model, frames()))
        assert_equal(decode(model, encode(model, frames()), wanted), whole[:, wanted])


def test_a_query_keeps_half_for_itself(model):
    """It has a residual: what it saw in its own window."""
    with torch.no_grad():
        shares = rollout(model, encode(model, frames(1), keep_mixing=True), torch.tensor([3]))
    assert shares.query_share.item() == 0.5
    assert shares.inputs.sum() + shares.latent_share + shares.query_share == pytest.approx(1)


def test_windows_are_what_a_loop_cuts_out(model):
    """Each window on its own: mixed colors, less their mean, over the contrast of all four, into the same layer."""
    preprocessor, margin = model.perceiver.input_preprocessor, 2
    with torch.no_grad():
        _, _, found = preprocessor(frames(1))
        mixed = preprocessor.colours(frames(1)[0].movedim(1, -1)).movedim(-1, 1).flatten(0, 1)
        padded = F.pad(mixed[None], [margin] * 4, mode="replicate")[0]
        for row, column in ((0, 0), (1, 3), (3, 2)):
            window = padded[:, 4 * row : 4 * row + 8, 4 * column : 4 * column + 8]
            window = window - window.mean(dim=(1, 2), keepdim=True)
            contrast = window.square().mean().sqrt()
            value, gate = preprocessor.windows((window / (contrast + 0.02)).flatten()).chunk(2)
            assert_equal(found[0, 4 * row + column], preprocessor.features(value * F.gelu(gate)), atol=1e-4)


def test_brightness_and_contrast_change_little(model):
    with torch.no_grad():
        _, _, plain = model.perceiver.input_preprocessor(frames(1))
        _, _, duller = model.perceiver.input_preprocessor(frames(1) * 0.7 + 0.2)
    assert (plain - duller).abs().max() < 0.05 * plain.abs().max()


def test_patches_of_flow_lie_where_they_belong():
    """Two by three patches of two by two: each number says its channel, row and column."""
    patches = torch.tensor(
        [
            [[100 * part + 10 * (2 * row + r) + (2 * column + c) for part in (0, 1) for r in (0, 1) for c in (0, 1)]
             for row in (0, 1) for column in (0, 1, 2)]
        ]
    )  # fmt: skip
    flow = unpatch(patches, (2, 3))
    expected = [[[100 * part + 10 * row + column for column in range(6)] for row in range(4)] for part in (0, 1)]
    assert flow[0].tolist() == expected
    assert torch.equal(unpatch(patches.reshape(1, 2, 3, 8), (2, 3)), flow)


def test_saved_and_loaded(model, tmp_path):
    model.save_pretrained(tmp_path)
    loaded = PerceiverForPatchFlow.from_pretrained(tmp_path).eval()
    with torch.no_grad():
        assert_equal(loaded(frames()).logits, model(frames()).logits)
