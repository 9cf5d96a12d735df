"""What programs send to a function of the API: values of exactly the types that the state has."""

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import reduce
from inspect import signature
from itertools import islice
from operator import or_
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model
from pydantic_core import ErrorDetails

from models.schema import InputError
from pages.screen import AnyScreen
from pages.state import MAX_SEED

_LONGEST_VALUE = 40
"""Characters of a value in a message."""
_WORDS = {
    "missing": "is missing",
    "extra_forbidden": "is not a parameter of this function",
    "string_unicode": "must be valid Unicode, without half of a surrogate pair",
    "too_long": "has too many items",
}
"""In place of pydantic's own, by type of error."""


def arguments_model(screen: AnyScreen, names: Collection[str]) -> type[BaseModel]:
    """A model of the uploads, and of the fields of the state that have these names."""
    fields: dict[str, Any] = {name: (_strict(str), ...) for name in screen.uploads}
    for name, field in screen.state.model_fields.items():
        if name in names:
            annotation = Annotated[_strict(field.annotation), Field(title=field.title), *field.metadata]
            fields[name] = (annotation, ... if name in screen.required else getattr(screen.initial, name))
    config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)
    return create_model(screen.name, __config__=config, **fields)


def arguments_of(action: Callable[..., object], names: Iterable[str]) -> type[BaseModel]:
    """A model of the parameters of an action that have these names."""
    parameters = signature(action).parameters
    fields: dict[str, Any] = {
        name: (parameters[name].annotation, ...) if name in parameters else (Any, None) for name in names
    }
    config = ConfigDict(arbitrary_types_allowed=True, allow_inf_nan=False)
    return create_model("Arguments", __config__=config, **fields)


def parsed(model: type[BaseModel], values: Mapping[str, object]) -> dict[str, object]:
    """Values as a model has them. Raises InputError."""
    try:
        return dict(model.model_validate(dict(values)))
    except ValidationError as error:
        raise InputError(" ".join(map(_message, error.errors()))) from None


def problems_of(model: type[BaseModel], values: Mapping[str, object]) -> list[dict[str, object]]:
    """A problem for each value that does not fit, as Gradio's clients show them."""
    try:
        model.model_validate(dict(values))
    except ValidationError as error:
        return [
            {
                "__type__": "validate",
                "is_valid": False,
                "parameter_name": str(each["loc"][0]),
                "message": _message(each),
            }
            for each in error.errors()
        ]
    return []


def _strict(annotation: Any) -> Any:
    """The same type for JSON, which has lists in place of tuples, and integers that JavaScript holds exactly."""
    if annotation is str:
        return Annotated[str, Field(min_length=0)]  # with a bound, pydantic looks whether it is Unicode
    if annotation is int:
        return Annotated[int, Field(ge=-MAX_SEED, le=MAX_SEED)]
    origin, parts = get_origin(annotation), [_strict(each) for each in get_args(annotation)]
    if origin is tuple:
        return Annotated[tuple[*parts], Field(strict=False, fail_fast=True)]
    return reduce(or_, parts) if origin in (Union, UnionType) else annotation


def _message(error: ErrorDetails) -> str:
    """'latents must be a valid integer, not "3".'"""
    name, *places = error["loc"]
    path = str(name) + "".join(f"[{place}]" for place in places)
    if words := _WORDS.get(error["type"]):
        return f"{path} {words}."
    wanted = error["msg"].removeprefix("Input should be ").replace("valid tuple", "list")
    return f"{path} must be {wanted}, not {_shortened(error['input'])}."


def _shortened(value: object) -> str:
    """A value as JSON."""
    written = "".join(islice(json.JSONEncoder().iterencode(value), _LONGEST_VALUE))
    return written if len(written) <= _LONGEST_VALUE else f"{written[: _LONGEST_VALUE - 1]}…"
