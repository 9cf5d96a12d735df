"""What tests of the training share."""

import sys
from collections.abc import Callable, Iterator

import pytest
import torch

from training.recipe import Recipe


@pytest.fixture(scope="module")
def one_thread() -> Iterator[None]:
    """Threads that wait for each other take ten times as long wherever something else runs beside the tests."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., list[str]]:
    """Runs a command of a recipe, as from a shell; returns the lines on its stdout."""

    def run(recipe: type[Recipe], *arguments: object) -> list[str]:
        monkeypatch.setattr(sys, "argv", [recipe.model, *map(str, arguments)])
        capfd.readouterr()
        recipe.main()
        return capfd.readouterr().out.splitlines()

    return run
