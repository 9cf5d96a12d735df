"""The state of a page: names, labels, bounds, choices and defaults of all its controls, and its codec for links.

A `State` is the single source of these: the widgets of each front end, the address of a view, and the parameters of
the API and of MCP are read from it.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Literal, Self, get_args, get_origin
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo

from components.analysis.text_units import Unit
from components.scale.attention import Scale
from models.schema import InputError, Method, Weights

Role = Literal["input", "trace", "display", "browser", "other", "selection", "program"]
"""input: the result depends on it. trace: which attention is shown; another value needs the model. display: how the
result is drawn; another value does not need it. browser: the same, drawn by the browser. other: has a widget with an
action of its own. selection: set by a click, without a widget. program: a parameter of the API without a widget.
"""
MAX_QUERY = 6000
"""Characters of a query; servers refuse much longer addresses."""
MAX_SEED = 2**53 - 1
"""The largest integer that JavaScript holds exactly."""


def control(
    default: object,
    title: str,
    description: str = "",
    *,
    role: Role = "input",
    labels: Mapping[Any, str] | None = None,
    step: float | None = None,
    link: Literal["changed", "always"] = "changed",
    **bounds: Any,
) -> Any:
    """A field of a `State`.

    labels: a label for each choice. step: of a slider. link: "always" also writes the default into links.
    bounds: as for `pydantic.Field`.
    """
    extra: Any = {"role": role, "labels": dict(labels or {}), "step": step, "link": link}
    return Field(default, title=title, description=description, json_schema_extra=extra, **bounds)


def extra_of(field: FieldInfo, name: str) -> Any:
    """What `control` keeps in addition to pydantic's own facts, such as "role"."""
    extra = field.json_schema_extra
    return extra.get(name) if isinstance(extra, dict) else None


def bounds_of(field: FieldInfo) -> tuple[float | None, float | None]:
    """The lowest and highest value that a number may have, or None."""
    bounds = {
        name: getattr(each, name) for each in field.metadata for name in ("ge", "le", "gt", "lt") if hasattr(each, name)
    }
    return bounds.get("ge", bounds.get("gt")), bounds.get("le", bounds.get("lt"))


def choices_of(field: FieldInfo) -> list[tuple[str, object]]:
    """Label and value of each choice, in order."""
    labels = extra_of(field, "labels") or {}
    if labels:
        return [(label, value) for value, label in labels.items()]
    annotation = field.annotation
    values = get_args(annotation) if get_origin(annotation) is Literal else ()
    return [(str(value), value) for value in values]


RELATIVE_SCALES = {"relative": "relative to uniform (1x)", "log": "log10 of attention relative to uniform"}
"""Scales that compare between maps over different numbers of inputs, with their labels."""


class State(BaseModel):
    """What a view is. Two equal states show the same view."""

    model_config = ConfigDict(frozen=True)

    @classmethod
    def fields_with(cls, *roles: Role) -> tuple[str, ...]:
        return tuple(name for name, field in cls.model_fields.items() if extra_of(field, "role") in roles)

    @classmethod
    def from_values(cls, values: Mapping[str, object], default: Self, strict: bool = True) -> Self:
        """A state from the values of widgets or API parameters; what is not named is as in `default`.

        Raises InputError, naming the first control whose value does not fit; unless `strict`, those are as in
        `default`.
        """
        state = default.model_dump() | {name: value for name, value in values.items() if name in cls.model_fields}
        try:
            return cls.model_validate(state)
        except ValidationError as error:
            wrong = {str(each["loc"][0]): each["msg"] for each in error.errors()}
            if strict:
                name, message = next(iter(wrong.items()))
                raise InputError(f"{cls.model_fields[name].title or name}: {_sentence(message)}") from None
            return cls.model_validate(state | {name: getattr(default, name) for name in wrong})

    @classmethod
    def plain(cls, name: str, value: object) -> object:
        """A widget's value as the field has it: "" stands for None, except in a text."""
        return None if value == "" and cls.model_fields[name].annotation is not str else value

    @classmethod
    def from_query(cls, params: Mapping[str, str], default: Self) -> tuple[Self, tuple[str, ...]]:
        """The state that a link describes, and notices about values that do not fit and were replaced."""
        state, notices = default, []
        for name, field in cls.model_fields.items():
            if name not in params:
                continue
            try:
                state = state._with_parsed(name, lines_of_browser(params[name]))
            except ValidationError:
                label = field.title or name
                notices.append(f"{label}: the link has a value that does not fit, so the default is used.")
        return state, tuple(notices)

    def _with_parsed(self, name: str, written: str) -> Self:
        """Raises ValidationError."""
        *others, last = _readings(written)
        for value in others:
            with suppress(ValidationError):
                return self._validated(name, value)
        return self._validated(name, last)

    def _validated(self, name: str, value: object) -> Self:
        return type(self).model_validate(self.model_dump() | {name: value})

    def to_query(self, default: Self) -> str:
        """The state as a query string without what is as in `default`; "" if it is too long for an address."""
        written = {
            name: _written(getattr(self, name))
            for name, field in type(self).model_fields.items()
            if getattr(self, name) != getattr(default, name) or extra_of(field, "link") == "always"
        }
        query = urlencode(written)
        return query if len(query) <= MAX_QUERY else ""

    def described(self) -> dict[str, str]:
        """Label and value of each field that has one, for a reader."""
        values = {name: getattr(self, name) for name in type(self).model_fields if getattr(self, name) is not None}
        return {
            type(self).model_fields[name].title or name: self._described(name, value) for name, value in values.items()
        }

    def _described(self, name: str, value: object) -> str:
        labels = {choice: label for label, choice in choices_of(type(self).model_fields[name])}
        return labels[value] if isinstance(value, str) and value in labels else _written(value)

    def changed(self, **changes: object) -> Self:
        """A copy with other values, which are not validated."""
        return self.model_copy(update=changes)

    def with_values_of(self, other: Self, *roles: Role) -> Self:
        """A copy with the values that `other` has in the fields of these roles."""
        return self.changed(**{name: getattr(other, name) for name in self.fields_with(*roles)})


def lines_of_browser(text: str) -> str:
    """The text as a text field gives it back: each line break is one character."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _written(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def _readings(written: str) -> list[object]:
    """What a value in a link may stand for: text, JSON, or nothing."""
    readings: list[object] = [written]
    with suppress(ValueError):
        readings.append(json.loads(written))
    return readings + [None] * (not written)


def _sentence(message: str) -> str:
    """pydantic's message as a sentence."""
    message = message.removeprefix("Value error, ").removeprefix("Input should be ")
    return f"must be {message}." if not message[0].isupper() else f"{message}."


class ModelState(State):
    """A state with a choice of weights."""

    weights: Weights = control(
        "embedded",
        "Model",
        'Checkpoint: "embedded" (demo model, built in) or "published" (original model, downloaded on first use).',
        link="always",
    )


class TraceState(State):
    """The controls of the attention section of the pages about text."""

    method: Method = control(
        "encoder",
        "Attention",
        '"encoder": inputs, by latents weighted by decoder attention; "decoder": latents; "rollout": all layers.',
        role="trace",
        labels={
            "rollout": "Rollout: all layers",
            "encoder": "Encoder: inputs → latents",
            "decoder": "Decoder: latents → output",
        },
    )
    head: int | None = control(
        None, "Head", "One attention head, counting from 0, or the mean of all.", role="trace", ge=0
    )
    latent: int | None = control(
        None, "Latent", "Encoder attention of one latent, counting from 0, or of all.", role="trace", ge=0
    )
    scale: Scale = control(
        "share",
        "Color scale",
        role="display",
        labels={"share": "share in %", **RELATIVE_SCALES},
    )


def map_scale(default: Scale) -> Any:
    """The color scale of maps over images."""
    return control(default, "Color scale", role="display", labels=RELATIVE_SCALES)


class MapState(State):
    """The controls of maps over images."""

    scale: Scale = map_scale("relative")
    opacity: float = control(0.6, "Map opacity", role="browser", ge=0, le=1, step=0.05)


class UnitState(State):
    """The units in which a text and the attention on it are shown."""

    unit: Unit = control(
        "words",
        "Attention per",
        "Unit of the text whose attention is shown; attention on its bytes is summed.",
        role="display",
        labels={"words": "word", "characters": "character", "bytes": "byte"},
    )
