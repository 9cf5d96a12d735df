"""Settings of this process, read once from the environment. No other module reads it."""

import json
import os
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from models.backend.shapes import recorded
from models.schema import Weights

MIB = 2**20
LONGEST_VALUE = 60
"""Characters of a value that an error shows."""


class SettingsError(ValueError):
    """Invalid settings. The message names the environment variables."""

    def __init__(self, *problems: str):
        lines = list(dict.fromkeys(problems))
        super().__init__("\n".join(["Invalid settings:", *lines] if len(lines) > 1 else lines))


class Settings(BaseSettings):
    """Each field is read from PERCEIVER_<FIELD>; the aliases are variables that Gradio and Spaces set."""

    model_config = SettingsConfigDict(env_prefix="PERCEIVER_", frozen=True, extra="ignore", populate_by_name=True)

    backend: Literal["local", "ray"] = Field(
        default="local",
        description="where models run: in this process, or on a Ray Serve cluster, see serving/README.md",
    )
    ray_address: str = Field(
        default="http://127.0.0.1:8000",
        pattern=r"^https?://[^/]",
        description="address of Ray Serve, such as http://127.0.0.1:8000",
    )
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
        try:
            return json.loads(value) if isinstance(value, str) else value
        except (ValueError, RecursionError) as error:
            raise ValueError(f"not valid JSON ({error})") from None

    @field_validator("checkpoints")
    @classmethod
    def _known_ids(cls, value: dict[str, Path]) -> dict[str, Path]:
        known = sorted({shape.name for (_, weights, _), shape in recorded().items() if weights == "published"})
        if unknown := [name for name in value if name not in known]:
            raise ValueError(f"unknown hub id {', '.join(map(repr, unknown))}; known are {', '.join(known)}")
        return value

    @classmethod
    def from_env(cls) -> Self:
        """Raises SettingsError, which names every invalid variable."""
        problems, settings = _misspelled(), None
        try:
            settings = cls()
        except ValidationError as error:
            problems += [_problem(cls, each) for each in error.errors()]
        try:
            GradioVariables()
        except ValidationError as error:
            problems += [_problem(GradioVariables, each) for each in error.errors()]
        if settings is None or problems:
            raise SettingsError(*problems)
        return settings

    @property
    def host_variable(self) -> str:
        return _variable(Settings, "host")

    @property
    def port_variable(self) -> str:
        return _variable(Settings, "port")

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


class TemporaryFolders(BaseSettings):
    """Where Python and Gradio write temporary files, if not in a folder of the system."""

    model_config = SettingsConfigDict(extra="ignore")

    TMPDIR: Path | None = None
    GRADIO_TEMP_DIR: Path | None = None


class GradioVariables(BaseSettings):
    """Variables that Gradio reads itself; it would show a traceback for a wrong one."""

    model_config = SettingsConfigDict(env_prefix="GRADIO_", extra="ignore")

    server_port: int = Field(default=7860, ge=0, le=65535)
    num_ports: int = Field(default=100, ge=1)
    num_workers: int = Field(default=0, ge=0)
    default_concurrency_limit: str = Field(
        default="", pattern=r"(?i)^(none|[1-9]\d*)?$", description="a whole number from 1, or none"
    )


def _misspelled() -> list[str]:
    """Variables that no setting has, and that are probably meant for one."""
    known = [f"PERCEIVER_{field.upper()}" for field in Settings.model_fields]
    found = ((name, get_close_matches(name, known, 1, cutoff=0.85)) for name in map(str.upper, os.environ))
    return [
        f"{name}: there is no such setting. Did you mean {close[0]}?"
        for name, close in found
        if close and name not in known
    ]


def _problem(kind: type[BaseSettings], error: ErrorDetails) -> str:
    """Variable, value and what is wrong with it."""
    name, *keys = map(str, error["loc"])
    value, reason = repr(error["input"]), error["msg"]
    if error["type"] == "string_pattern_mismatch":
        reason = f"Expected {_field_of(kind, name)[1].description}"
    elif error["type"] == "path_type":
        reason = "Expected a folder or a hub id"
    elif "error" in error.get("ctx", {}):
        reason = str(error.get("ctx", {})["error"])
    shown = value if len(value) <= LONGEST_VALUE else f"{value[:LONGEST_VALUE]}…"
    return f"{_variable(kind, name)}{''.join(f'[{key}]' for key in keys)}={shown}: {reason}."


def _field_of(kind: type[BaseSettings], name: str) -> tuple[str, FieldInfo]:
    """The field with a name or an alias that an error has."""
    return next((field, info) for field, info in kind.model_fields.items() if name in (field, *_aliases(info)))


def _aliases(info: FieldInfo) -> list[str]:
    alias = info.validation_alias
    return [str(each) for each in alias.choices] if isinstance(alias, AliasChoices) else [str(alias)] * bool(alias)


def _variable(kind: type[BaseSettings], name: str) -> str:
    """The environment variable of a field: the first of its aliases that is set, or its own name."""
    field, info = _field_of(kind, name)
    own = f"{kind.model_config.get('env_prefix', '')}{field}".upper()
    aliases = _aliases(info) or [own]
    return next((alias for alias in aliases if alias in os.environ), aliases[0])
