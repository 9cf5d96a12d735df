"""Claims about what models of given sizes cost."""

from dataclasses import replace
from typing import Annotated, Literal

from pydantic import Field

from components.analysis.cost import Sizes, costs
from models.backend.protocol import Backend
from tests.claims.claim import Claim

Change = dict[Literal["inputs", "latents", "layers", "outputs"], int]
Bounds = tuple[float, float]


class Growth(Claim):
    """Bounds of the operations of a model once sizes are multiplied by these factors, relative to those before."""

    kind: Literal["growth"]
    change: Change
    model: Literal["Transformer", "Perceiver IO", "Perceiver AR"]
    between: Bounds

    def check(self, backend: Backend, example: Sizes) -> None:
        changed = replace(example, **{name: factor * getattr(example, name) for name, factor in self.change.items()})
        grown = costs(changed)[self.model].operations / costs(example)[self.model].operations
        assert self.between[0] <= grown <= self.between[1]


class Relative(Claim):
    """Bounds of the operations of the Transformer, relative to the Perceiver IO, at these sizes."""

    kind: Literal["relative"]
    change: Change
    between: Bounds

    def check(self, backend: Backend, example: Sizes) -> None:
        found = costs(replace(example, **self.change))
        relative = found["Transformer"].operations / found["Perceiver IO"].operations
        assert self.between[0] <= relative <= self.between[1]


Kind = Annotated[Growth | Relative, Field(discriminator="kind")]
