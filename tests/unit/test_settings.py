"""Settings: what the environment says, and that a variable that cannot be used is named."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from models.backend.local import LocalBackend
from models.backend.settings import Settings, SettingsError


def test_defaults():
    settings = Settings.from_env()
    assert (settings.device, settings.dtype, settings.weights) == ("auto", "float32", None)
    assert (settings.host, settings.port) == ("127.0.0.1", 7860)
    assert (settings.space_id, settings.zero_gpu, settings.mcp) == (None, False, False)
    assert settings.checkpoints == {}


@pytest.mark.parametrize(
    ("variable", "value", "field", "expected"),
    [
        ("PERCEIVER_DEVICE", "cuda:1", "device", "cuda:1"),
        ("PERCEIVER_DTYPE", "bfloat16", "dtype", "bfloat16"),
        ("PERCEIVER_WEIGHTS", "published", "weights", "published"),
        ("PERCEIVER_MODEL_CACHE_MIB", "3", "model_cache_bytes", 3 * 2**20),
        ("PERCEIVER_LATENT_CACHE_MIB", "0", "latent_cache_bytes", 0),
        ("PERCEIVER_INPUT_CACHE_MIB", "7", "input_cache_bytes", 7 * 2**20),
        ("PERCEIVER_GPU_SECONDS", "120", "gpu_seconds", 120),
        ("PERCEIVER_HOST", "0.0.0.0", "host", "0.0.0.0"),
        ("GRADIO_SERVER_NAME", "0.0.0.0", "host", "0.0.0.0"),
        ("PERCEIVER_PORT", "8000", "port", 8000),
        ("GRADIO_SERVER_PORT", "8000", "port", 8000),
        ("PERCEIVER_MAX_UPLOAD_MIB", "5", "max_upload_mib", 5),
        ("PERCEIVER_MCP", "true", "mcp", True),
        ("SPACE_ID", "someone/playground", "space_id", "someone/playground"),
        ("SPACES_ZERO_GPU", "true", "zero_gpu", True),
    ],
)
def test_variable(monkeypatch, variable, value, field, expected):
    monkeypatch.setenv(variable, value)
    assert getattr(Settings.from_env(), field) == expected
    assert getattr(Settings(), field) == expected


def test_checkpoints_are_json(monkeypatch):
    monkeypatch.setenv("PERCEIVER_CHECKPOINTS", '{"deepmind/language-perceiver": "/models/language"}')
    assert Settings.from_env().checkpoints == {"deepmind/language-perceiver": Path("/models/language")}


def test_own_name_comes_before_gradios(monkeypatch):
    monkeypatch.setenv("GRADIO_SERVER_PORT", "1")
    monkeypatch.setenv("PERCEIVER_PORT", "2")
    assert Settings.from_env().port == 2


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("PERCEIVER_DTYPE", "float8"),
        ("PERCEIVER_WEIGHTS", "mine"),
        ("PERCEIVER_CHECKPOINTS", "not json"),
        ("PERCEIVER_CHECKPOINTS", '["a list"]'),
        ("PERCEIVER_CHECKPOINTS", "[" * 100_000),
        ("PERCEIVER_CHECKPOINTS", '{"deepmind/language-perceiver": 5}'),
        ("PERCEIVER_CHECKPOINTS", '{"deepmind/language-perciever": "/models/language"}'),
        ("PERCEIVER_RAY_ADDRESS", "127.0.0.1:8000"),
        ("PERCEIVER_MODEL_CACHE_MIB", "-1"),
        ("PERCEIVER_LATENT_CACHE_MIB", "lots"),
        ("PERCEIVER_GPU_SECONDS", "0"),
        ("PERCEIVER_PORT", "65536"),
        ("GRADIO_SERVER_PORT", "-1"),
        ("PERCEIVER_MAX_UPLOAD_MIB", "0"),
        ("PERCEIVER_MCP", "perhaps"),
        ("SPACES_ZERO_GPU", "perhaps"),
        ("GRADIO_NUM_PORTS", "0"),
        ("GRADIO_NUM_WORKERS", "two"),
        ("GRADIO_DEFAULT_CONCURRENCY_LIMIT", "0"),
        ("PERCEIVER_PROT", "8000"),
    ],
)
def test_variable_that_cannot_be_used_is_named(monkeypatch, variable, value):
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError, match=variable):
        Settings.from_env()


def test_all_variables_that_cannot_be_used_are_named(monkeypatch):
    monkeypatch.setenv("PERCEIVER_DTYPE", "float8")
    monkeypatch.setenv("PERCEIVER_GPU_SECONDS", "-5")
    with pytest.raises(SettingsError, match=r"PERCEIVER_DTYPE.*\n.*PERCEIVER_GPU_SECONDS"):
        Settings.from_env()


def test_what_gradio_accepts_and_names_of_others_are_accepted(monkeypatch):
    monkeypatch.setenv("GRADIO_DEFAULT_CONCURRENCY_LIMIT", "None")
    monkeypatch.setenv("PERCEIVER_PORT_8000_TCP", "tcp://10.0.0.1:8000")  # as Kubernetes sets it
    Settings.from_env()


def test_secret_is_in_no_error(monkeypatch):
    monkeypatch.setenv("PERCEIVER_RAY_TOKEN", "a secret")
    monkeypatch.setenv("PERCEIVER_BACKEND", "cluster")
    with pytest.raises(SettingsError) as caught:
        Settings.from_env()
    assert "a secret" not in str(caught.value)


def test_settings_do_not_change():
    with pytest.raises(ValidationError, match="frozen"):
        Settings().device = "cuda"


@pytest.mark.parametrize("device", ["cuda:99", "nonsense", "", "meta"])
def test_explicit_device_that_is_missing_is_an_error(monkeypatch, device):
    monkeypatch.setenv("PERCEIVER_DEVICE", device)
    with pytest.raises(SettingsError, match="PERCEIVER_DEVICE"):
        LocalBackend(Settings.from_env())


def test_explicit_cpu():
    assert LocalBackend(Settings(device="cpu")).device.type == "cpu"
