"""A screen as a function of the API and of MCP: parameters, defaults and help texts are those of its state."""

import inspect
import tempfile
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args, get_origin

from models.data.as_json import as_json
from models.schema import InputError
from pages.gradio_ui.arguments import arguments_model, problems_of
from pages.gradio_ui.bind import for_callers
from pages.screen import AnyScreen, ApiCall

DATA_URL = 'with or without "data:...;base64,".'


def api_function(screen: AnyScreen, api_call: ApiCall) -> Callable[..., object]:
    """call(**state) -> JSON. It takes uploads as base64, and the screen gets their paths.

    Its `problems`, of values in order or by name, says which do not fit.
    """
    uploads, initial, parameters = screen.uploads, screen.initial, _parameters(screen, api_call)
    names = [each.name for each in parameters]
    model = arguments_model(screen, names)

    def call(**arguments: object) -> object:
        state = screen.state.from_values(arguments, initial)
        with tempfile.TemporaryDirectory(prefix="perceiver-") as folder:
            files = {name: _decoded(str(arguments[name]), name, Path(folder)) for name in uploads}
            return as_json(api_call.run(state, **files))

    def problems(values: Mapping[str, object] | Sequence[object]) -> list[dict[str, object]]:
        return problems_of(model, values if isinstance(values, Mapping) else dict(zip(names, values, strict=False)))

    guarded = for_callers(call)

    def function(*values: object, **named: object) -> object:
        return guarded(**dict(zip(names, values, strict=False)), **named)

    function.__name__ = api_call.name
    function.__doc__ = _documentation(parameters, screen, api_call.prose)
    signature = inspect.Signature(parameters, return_annotation=dict[str, Any])
    function.__signature__ = signature  # pyright: ignore[reportFunctionMemberAccess]
    function.__annotations__ = {each.name: each.annotation for each in parameters}
    function.problems = problems  # pyright: ignore[reportFunctionMemberAccess]
    return function


def _parameters(screen: AnyScreen, api_call: ApiCall) -> list[inspect.Parameter]:
    """Those without a default first, and a state's own before those that it shares with others."""
    kind, fields = inspect.Parameter.POSITIONAL_OR_KEYWORD, screen.state.model_fields
    files = [inspect.Parameter(name, kind, annotation=str) for name in screen.uploads]
    controls = [
        inspect.Parameter(
            name,
            kind,
            default=inspect.Parameter.empty if name in screen.required else _plain(getattr(screen.initial, name)),
            annotation=_annotation(fields[name].annotation),
        )
        for name in sorted(fields, key=lambda name: name not in screen.state.__annotations__)
        if name not in api_call.page_only
    ]
    return sorted([*files, *controls], key=lambda each: each.default is not inspect.Parameter.empty)


def _documentation(parameters: list[inspect.Parameter], screen: AnyScreen, prose: str) -> str:
    help_texts = {name: f"Base64 of {what}, {DATA_URL}" for name, what in screen.uploads.items()}
    for name, field in screen.state.model_fields.items():
        help_texts[name] = f"{field.title}. {field.description or ''}"
    lines = [f"    {each.name}: {' '.join(help_texts[each.name].split())}" for each in parameters]
    return "\n".join([screen.prose[prose], "", "Args:", *lines])


def _annotation(annotation: object) -> object:
    """JSON has lists in place of tuples."""
    arguments = get_args(annotation)
    if get_origin(annotation) is tuple:
        return list[_annotation(arguments[0])]  # pyright: ignore[reportInvalidTypeArguments]
    return annotation


def _plain(value: object) -> object:
    return [_plain(each) for each in value] if isinstance(value, tuple) else value


def _decoded(written: str, name: str, folder: Path) -> Path:
    """A file with what base64 stands for, with or without "data:...;base64," before it. Raises InputError."""
    try:
        content = b64decode("".join(written.rpartition(",")[2].split()), validate=True)
    except ValueError:
        raise InputError(f"{name} is not valid base64. Encode the bytes of the file.") from None
    file = folder / name
    file.write_bytes(content)
    return file
