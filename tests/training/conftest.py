"""What tests of the training share."""

import sys
from collections.abc import Callable

import pytest

from training.recipe import Recipe


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., list[str]]:
    """Runs a command of a recipe, as from a shell; returns the lines on its stdout."""

    def run(recipe: type[Recipe], *arguments: object) -> list[str]:
        monkeypatch.setattr(sys, "argv", [recipe.model, *map(str, arguments)])
        capfd.readouterr()
        recipe.main()
        return capfd.readouterr().out.splitlines()

    return run
