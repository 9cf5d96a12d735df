"""Flow without a network: a known motion is found, in the right direction, and no frame is too small."""

import subprocess
import sys

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, shift

from models.data.classical_flow import METHODS
from models.data.flow_scores import mean_error
from models.schema import InputError


def scene(height: int, width: int, seed: int = 0) -> np.ndarray:
    """Smooth noise in colors, float [height, width, 3], 0 to 255"""
    smooth = gaussian_filter(np.random.default_rng(seed).normal(size=(height, width, 3)), (2.5, 2.5, 0), mode="wrap")
    return np.clip(smooth / smooth.std() * 45 + 128, 0, 255)


def frames(height: int, width: int, x: float, y: float) -> tuple[np.ndarray, np.ndarray]:
    """Two frames of one scene that moves as a whole, by x to the right and y down."""
    margin = 12
    first = scene(height + 2 * margin, width + 2 * margin)
    inner = np.s_[margin : margin + height, margin : margin + width]
    pair = first, shift(first, (y, x, 0), order=3, mode="grid-wrap")
    return tuple(np.clip(frame[inner].round(), 0, 255).astype(np.uint8) for frame in pair)


def test_methods_have_names():
    assert tuple(METHODS) == ("farneback", "dis", "tvl1")


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize(("x", "y"), [(3, 0), (0, -2), (1.5, 2.25), (-4, 0.5)])
def test_a_known_motion_is_found(name, x, y):
    first, second = frames(64, 80, x, y)
    flow = METHODS[name](first, second)
    assert flow.dtype == np.float32
    assert flow.shape == (64, 80, 2)
    errors = np.linalg.norm(flow - np.float32([x, y]), axis=2)
    assert np.median(errors) < 0.15  # a swapped or reversed axis is wrong by 2 and more


@pytest.mark.parametrize("name", METHODS)
def test_nothing_moves(name):
    first, _ = frames(40, 50, 0, 0)
    assert mean_error(METHODS[name](first, first), np.zeros((40, 50, 2), np.float32)) < 0.01


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("shape", [(1, 1), (1, 2), (3, 500), (500, 3), (11, 12), (15, 16), (17, 16)])
def test_small_frames(name, shape):
    """There may be little to see, but something is said of every pixel."""
    generator = np.random.default_rng(1)
    first, second = generator.integers(0, 256, (2, *shape, 3), dtype=np.uint8)
    flow = METHODS[name](first, second)
    assert flow.dtype == np.float32
    assert flow.shape == (*shape, 2)
    assert np.isfinite(flow).all()


@pytest.mark.parametrize("name", METHODS)
def test_a_narrow_frame_moves_along(name):
    first, second = frames(8, 120, 2, 0)
    median = np.median(METHODS[name](first, second), axis=(0, 1))
    np.testing.assert_allclose(median, [2, 0], atol=0.3)


@pytest.mark.parametrize("name", METHODS)
def test_frames_stay_as_they_are(name):
    first, second = frames(20, 30, 1, 0)
    for frame in (first, second):
        frame.flags.writeable = False
    METHODS[name](first, second)


@pytest.mark.parametrize("name", METHODS)
def test_different_sizes_are_named(name):
    with pytest.raises(InputError, match="30x20 and 20x30 pixels"):
        METHODS[name](np.zeros((20, 30, 3), np.uint8), np.zeros((30, 20, 3), np.uint8))


def test_scikit_image_is_loaded_when_asked_for():
    code = "import sys, models.data.classical_flow; print('skimage' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False"]
