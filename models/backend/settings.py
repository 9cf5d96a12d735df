"""How this process is to run, read once from the environment. Nothing else reads it."""

import json
import os
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AliasChoices, Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from models.schema import Weights

MIB = 2**20


class SettingsError(ValueError):
    """A setting that cannot be used; the message names the variable."""


class Settings(BaseSettings):
    """Each field is PERCEIVER_<FIELD> in the environment; the aliases are what Gradio and Hugging Face Spaces set."""

    model_config = SettingsConfigDict(env_prefix="PERCEIVER_", frozen=True, extra="ignore", populate_by_name=True)

    device: str = Field(
        default="auto",
        pattern=r"^(auto|cpu|cuda(:\d+)?)$",
        description="auto, cpu, cuda or cuda:<n>; auto takes CUDA where there is one",
    )
    dtype: Literal["float32", "bfloat16", "float16"] = "float32"
    checkpoints: Annotated[dict[str, Path], NoDecode] = Field(
        default_factory=dict, description='JSON: hub id -> local folder or another hub id, {"deepmind/…": "/models/…"}'
    )
    weights: Weights | None = Field(default=None, description="embedded or published; None decides by where this runs")
    model_cache_mib: int = Field(default=8192, ge=0)
    latent_cache_mib: int = Field(
        default=1024, ge=0, description="one picture in all three published image models takes half of it"
    )
    input_cache_mib: int = Field(
        default=512, ge=0, description="uploaded images and clips; 30 s of video at 224 x 224 pixels take 108"
    )
    gpu_seconds: int = Field(default=60, ge=1, description="longest GPU time that one call on a ZeroGPU Space declares")
    host: str = Field(default="127.0.0.1", validation_alias=AliasChoices("PERCEIVER_HOST", "GRADIO_SERVER_NAME"))
    port: int = Field(
        default=7860, validation_alias=AliasChoices("PERCEIVER_PORT", "GRADIO_SERVER_PORT"), ge=0, le=65535
    )
    max_upload_mib: int = Field(default=64, ge=1)
    mcp: bool = Field(default=False, description="offer the pages' main calls as tools over MCP")
    space_id: str | None = Field(default=None, validation_alias="SPACE_ID")
    zero_gpu: bool = Field(default=False, validation_alias="SPACES_ZERO_GPU")

    @field_validator("checkpoints", mode="before")
    @classmethod
    def _read_json(cls, value: Any) -> Any:
        return json.loads(value) if isinstance(value, str) else value

    @classmethod
    def from_env(cls) -> Self:
        """Raises SettingsError, naming each variable that cannot be used."""
        try:
            return cls()
        except ValidationError as error:
            problems = "; ".join(f"{_variable(str(e['loc'][0]))}: {e['msg']}" for e in error.errors())
            raise SettingsError(f"settings from the environment: {problems}") from None

    @property
    def model_cache_bytes(self) -> int:
        return self.model_cache_mib * MIB

    @property
    def latent_cache_bytes(self) -> int:
        return self.latent_cache_mib * MIB

    @property
    def input_cache_bytes(self) -> int:
        return self.input_cache_mib * MIB


def _variable(name: str) -> str:
    """The variable behind the name in an error, which is a field's own or its first alias; of aliases the one set."""
    for field, info in Settings.model_fields.items():
        aliases = info.validation_alias.choices if isinstance(info.validation_alias, AliasChoices) else ()
        if name == field:
            return f"PERCEIVER_{field.upper()}"
        if name in aliases:
            return next((alias for alias in map(str, aliases) if alias in os.environ), name)
    return name
