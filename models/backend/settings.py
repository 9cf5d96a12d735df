"""Settings of this process, read once from the environment. No other module reads it."""

import json
import os
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from models.schema import Weights

MIB = 2**20


class SettingsError(ValueError):
    """An invalid setting. The message names the environment variable."""


class Settings(BaseSettings):
    """Each field is read from PERCEIVER_<FIELD>; the aliases are variables that Gradio and Spaces set."""

    model_config = SettingsConfigDict(env_prefix="PERCEIVER_", frozen=True, extra="ignore", populate_by_name=True)

    backend: Literal["local", "ray"] = Field(
        default="local",
        description="where models run: in this process, or on a Ray Serve cluster, see serving/README.md",
    )
    ray_address: str = Field(default="http://127.0.0.1:8000", description="address of Ray Serve")
    ray_token: SecretStr = Field(
        default=SecretStr(""), description="secret shared by the cluster and its front ends, which both need it"
    )
    device: str = Field(
        default="auto",
        pattern=r"^(auto|cpu|cuda(:\d+)?)$",
        description="auto, cpu, cuda or cuda:<n>; auto uses CUDA if available",
    )
    dtype: Literal["float32", "bfloat16", "float16"] = "float32"
    checkpoints: Annotated[dict[str, Path], NoDecode] = Field(
        default_factory=dict, description='JSON: hub id -> local folder or another hub id, {"deepmind/…": "/models/…"}'
    )
    weights: Weights | None = Field(
        default=None, description="embedded or published; None: published on a Space with a GPU, else embedded"
    )
    model_cache_mib: int = Field(default=8192, ge=0)
    latent_cache_mib: int = Field(
        default=1024, ge=0, description="one image in all three published image models takes half of it"
    )
    input_cache_mib: int = Field(
        default=512, ge=0, description="uploaded images and clips; 30 s of video at 224x224 pixels take 108 MiB"
    )
    gpu_seconds: int = Field(default=60, ge=1, description="GPU seconds that each call requests on a ZeroGPU Space")
    host: str = Field(default="127.0.0.1", validation_alias=AliasChoices("PERCEIVER_HOST", "GRADIO_SERVER_NAME"))
    port: int = Field(
        default=7860, validation_alias=AliasChoices("PERCEIVER_PORT", "GRADIO_SERVER_PORT"), ge=0, le=65535
    )
    max_upload_mib: int = Field(default=64, ge=1)
    session_places: int = Field(default=16, ge=1, description="requests of one page that may wait or run")
    address_places: int = Field(
        default=32, ge=1, description="the same of one network address, which a whole class may share"
    )
    trusted_proxies: str | None = Field(
        default=None,
        description="addresses, with commas, whose X-Forwarded-For names the visitor; None: this machine, on a Space *",
    )
    openapi: bool = Field(default=False, description="describe the API at /gradio_api/openapi.json")
    mcp: bool = Field(default=False, description="serve the API as MCP tools")
    metrics_port: int | None = Field(
        default=None, ge=0, le=65535, description="port of Prometheus metrics, on PERCEIVER_HOST; None: no metrics"
    )
    log_format: Literal["text", "json"] = "text"
    space_id: str | None = Field(default=None, validation_alias="SPACE_ID")
    zero_gpu: bool = Field(default=False, validation_alias="SPACES_ZERO_GPU")

    @field_validator("checkpoints", mode="before")
    @classmethod
    def _read_json(cls, value: Any) -> Any:
        return json.loads(value) if isinstance(value, str) else value

    @classmethod
    def from_env(cls) -> Self:
        """Raises SettingsError, which names every invalid variable."""
        try:
            return cls()
        except ValidationError as error:
            problems = "; ".join(f"{_variable(str(e['loc'][0]))}: {e['msg']}" for e in error.errors())
            raise SettingsError(f"Invalid settings: {problems}") from None

    @property
    def token(self) -> str:
        """The secret between front ends and a cluster. Raises SettingsError if there is none."""
        if not self.ray_token.get_secret_value():
            raise SettingsError("PERCEIVER_RAY_TOKEN: set the same secret for the cluster and its front ends.")
        return self.ray_token.get_secret_value()

    @property
    def forwarded_allow_ips(self) -> str:
        """`trusted_proxies` as uvicorn takes them."""
        return self.trusted_proxies or ("*" if self.space_id else "127.0.0.1")

    @property
    def max_body_bytes(self) -> int:
        """Longest body of an HTTP request: a file in base64, and 1 MiB for everything else."""
        return (self.max_upload_mib * 4 // 3 + 1) * MIB

    @property
    def number_bytes(self) -> int:
        """Bytes per number of the data type."""
        return 4 if self.dtype == "float32" else 2

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
    """The environment variable behind the name in an error: the name of the field, or its first alias that is set."""
    for field, info in Settings.model_fields.items():
        aliases = info.validation_alias.choices if isinstance(info.validation_alias, AliasChoices) else ()
        if name == field:
            return f"PERCEIVER_{field.upper()}"
        if name in aliases:
            return next((alias for alias in map(str, aliases) if alias in os.environ), name)
    return name
