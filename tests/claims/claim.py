"""What all claims share."""

from pydantic import BaseModel, ConfigDict


class Claim(BaseModel):
    """`check(backend, example)` of each kind asserts that it holds."""

    model_config = ConfigDict(frozen=True, extra="forbid")
