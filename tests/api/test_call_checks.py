"""Calls whose values do not fit are refused before they join the queue: 422, the parameter, its type and the value."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from gradio_client import Client

from models.schema import InputError
from tests.fake_backend import FakeBackend
from tests.serving import serving

REQUIRED = {"inputs": 1024, "lesson": 1, "text": "a b", "prompt": "a b", "rows": [["a", "b"]]}
"""A value of each parameter without a default; all others are files."""
CLIENT = httpx.Client(timeout=60)


class Refusals(dict[type, Any]):
    """The same answer to every request."""

    def __missing__(self, kind: type) -> Callable[[Any], InputError]:
        return lambda request: InputError("This model answers nothing.")


@pytest.fixture(scope="module")
def served() -> Iterator[str]:
    """Address of an app whose models refuse every request."""
    with serving(FakeBackend(Refusals())) as address:
        yield address


@pytest.fixture(scope="module")
def parameters(served: str) -> dict[str, dict[str, Any]]:
    """By function, the parameters and a value of each that fits."""
    functions = httpx.get(f"{served}gradio_api/info").json()["named_endpoints"]
    return {
        name: {
            each["parameter_name"]: each["parameter_default"]
            if each["parameter_has_default"]
            else REQUIRED.get(each["parameter_name"], "")
            for each in function["parameters"]
        }
        for name, function in functions.items()
    }


def post(address: str, path: str, body: object) -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"content-type": "application/json"}
    return CLIENT.post(f"{address}gradio_api/{path}", content=content, headers=headers)


@pytest.mark.parametrize(
    ("function", "name", "value", "wanted"),
    [
        ("cost", "inputs", None, "integer"),
        ("cost", "latents", "3", "integer"),
        ("cost", "latents", True, "integer"),
        ("cost", "layers", 2.5, "integer"),
        ("cost", "layers", 97, "96"),
        ("text_generation", "temperature", float("nan"), "finite"),
        ("text_generation", "temperature", "0.5", "number"),
        ("text_generation", "seed", 2**53, str(2**53 - 1)),
        ("text_generation", "token", 2**70, str(2**53 - 1)),
        ("text_generation", "stop_strings", "abc", "list"),
        ("text_generation", "stop_strings", [["abc"]], "string"),
        ("text_generation", "compare", "false", "boolean"),
        ("text_generation", "prompt", "\ud800", "Unicode"),
        ("text_generation", "prompt", ["a"], "string"),
        ("sentiment", "occlude", 0, "boolean"),
        ("masked_bytes", "mask", [[1, 2, 3]], "mask[0]"),
        ("masked_bytes", "mask", [[1, "2"]], "mask[0][1]"),
        ("masked_bytes", "mask", {"a": 1}, "list"),
        ("fine_tuning", "texts", ["a"] * 101, "texts"),
        ("fine_tuning", "rows", [["a", None]], "rows[0][1]"),
        ("image_classification", "image", 5, "string"),
        ("image_classification", "variant", "fast", "fourier"),
        ("av_autoencoding", "mask", "image", "list"),
        ("build_one", "points", [[0.5, 0.5, 1.5]], "points[0][2]"),
    ],
)
def test_a_value_of_another_type_is_refused(served, parameters, capfd, function, name, value, wanted) -> None:
    values = parameters[f"/{function}"] | {name: value}
    for path, body in ((function, {"data": [*values.values()]}), (f"v2/{function}", values)):
        response = post(served, f"call/{path}", body)
        (problem,) = response.json()["detail"]
        assert (response.status_code, problem["parameter_name"]) == (422, name)
        assert name in problem["message"]
        assert wanted in problem["message"]
    assert "Traceback" not in "".join(capfd.readouterr())


def test_all_wrong_values_are_named_at_once(served: str, parameters: dict[str, dict[str, Any]]) -> None:
    values = parameters["/cost"] | {"latents": "many", "layers": None}
    problems = post(served, "call/cost", {"data": [*values.values()]}).json()["detail"]
    assert [each["parameter_name"] for each in problems] == ["latents", "layers"]


def test_a_long_value_is_shortened(served: str) -> None:
    assert len(post(served, "call/v2/lessons", {"lesson": ["x" * 10_000] * 100}).text) < 300


@pytest.mark.parametrize(
    ("path", "body", "status", "named"),
    [
        ("call/v2/cost", {}, 422, "inputs"),
        ("call/v2/cost", {"inputs": 1024, "latent": 1}, 422, "latent"),
        ("call/v2/cost", [1024], 422, "dictionary"),
        ("call/v2/cost", b"", 422, "body"),
        ("call/cost", {"data": [1024]}, 422, "takes"),
        ("call/cost", {"data": {}}, 422, "data"),
        ("call/cost", {}, 422, "data"),
        ("call/cost", b"\xff", 400, "body"),
        ("call/cost", b"[" * 100_000, 400, "body"),
        ("call/costs", {"data": []}, 404, "function"),
        ("call/v2/costs", {}, 404, "function"),
        ("run/costs", {"data": []}, 404, "function"),
        ("run/cost", {"data": [], "fn_index": 0}, 404, "function"),
        ("call/v2/cost", {"inputs": [[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]}, 422, "nested"),
        ("call/image_classification", {"data": [{"path": "/etc/passwd"}]}, 422, "takes"),
        ("queue/join", {"data": [], "session_hash": "a"}, 404, "function"),
        ("queue/join", {"data": [], "session_hash": "a", "fn_index": 2**70}, 404, "function"),
        ("queue/join", {"data": [], "session_hash": "a", "fn_index": [1]}, 404, "function"),
    ],
)
def test_a_call_that_is_none_is_refused(served, capfd, path, body, status, named) -> None:
    response = post(served, path, body)
    assert response.status_code == status
    assert named in response.text
    assert "Traceback" not in "".join(capfd.readouterr())


def test_the_python_client_says_which_value_is_wrong(served: str) -> None:
    with pytest.raises(ValueError, match="latents must be a valid integer"):
        Client(served, verbose=False).predict(1024, latents="many", api_name="/cost")
