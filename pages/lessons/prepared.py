"""Links to the states of the app that lessons open."""

from collections.abc import Callable, Mapping
from typing import Any

from models.data.examples import TextExample
from models.data.lessons import Prepared
from pages.av_autoencoding.screen import AvScreen
from pages.fine_tuning.screen import FineTuningScreen
from pages.guide import GUIDE
from pages.image_classification.screen import ImageClassificationScreen
from pages.masked_bytes.screen import MaskedBytesScreen
from pages.optical_flow.screen import OpticalFlowScreen
from pages.overview.screen import OverviewScreen
from pages.screen import AnyScreen
from pages.sentiment.screen import SentimentScreen
from pages.state import State
from pages.text_generation.screen import TextGenerationScreen

_SCREENS: tuple[type[AnyScreen], ...] = (
    OverviewScreen,
    MaskedBytesScreen,
    SentimentScreen,
    FineTuningScreen,
    TextGenerationScreen,
    ImageClassificationScreen,
    OpticalFlowScreen,
    AvScreen,
)
_BY_NAME: Mapping[str, type[AnyScreen]] = {screen.name: screen for screen in _SCREENS}
_ROOT = OverviewScreen.name
_TEXTS: Mapping[str, Callable[[TextExample], Mapping[str, object]]] = {
    MaskedBytesScreen.name: lambda example: {"text": example.text, "mask": example.spans},
    SentimentScreen.name: lambda example: {"text": example.text},
    TextGenerationScreen.name: lambda example: {"prompt": example.text},
}
"""An example in the fields of pages whose links hold the text; on the others it has a number."""


def state_of(prepared: Prepared) -> State:
    """Raises ValueError for a page, example or field that does not exist, InputError for a value that does not fit."""
    screen: Any = _BY_NAME.get(prepared.page)
    if screen is None:
        raise ValueError(f'there is no page "{prepared.page}"')
    fields = {**_inputs(screen, prepared.example), **prepared.fields}
    if unknown := fields.keys() - screen.state.model_fields:
        raise ValueError(f"the page {prepared.page} has no {', '.join(sorted(unknown))}")
    kind: type[State] = screen.state
    return kind.from_values(fields, kind())


def _inputs(screen: type[AnyScreen], example: int | None) -> Mapping[str, object]:
    if example is None:
        return {}
    if example not in range(len(screen.examples)):
        raise ValueError(f"the page {screen.name} has no example {example}")
    chosen, in_fields = screen.examples[example], _TEXTS.get(screen.name)
    return in_fields(chosen) if in_fields and isinstance(chosen, TextExample) else {"example": example}


def link_of(prepared: Prepared, lesson: int, step: int) -> str:
    """Relative to the page of lessons, so that it leads to the same front end at any address. It names the step."""
    state = state_of(prepared)
    path = "./" if prepared.page == _ROOT else prepared.page
    query = [state.to_query(type(state)()), f"{GUIDE}={lesson}.{step}"]
    return f"{path}?{'&'.join(filter(None, query))}"
