"""Refuses calls whose values do not fit their function before they join the queue, with what is wrong.

Gradio answers some of them with an error of the server, and others after the work.
"""

from typing import Any

from fastapi import HTTPException, Request
from gradio.block_function import BlockFunction
from gradio.exceptions import Error
from gradio.processing_utils import check_all_files_in_cache
from pydantic import ValidationError

NO_FUNCTION = "There is no such function."
ARGUMENTS = "The function takes {} values, not {}."
NESTED = "The values are nested too deeply."
NO_UPLOAD = "Only uploaded files can be read. Upload the file on this page."
_LEVELS = 16


async def check_call(request: Request) -> None:
    """A dependency of all routes. Raises HTTPException."""
    name, path = request.path_params.get("api_name"), request.url.path
    if request.method != "POST" or not (name or path.endswith("/queue/join")):
        return
    try:
        body = await request.json()
    except (ValueError, RecursionError):
        return  # FastAPI refuses what is not JSON
    if not isinstance(body, dict):
        return  # and what is not an object
    if not _is_flat(body):
        raise HTTPException(422, NESTED)
    if "/call/v2/" in path:
        _check_types(_function(request.app.get_blocks().fns, name, None), body)
    elif isinstance(values := body.get("data"), list):
        function = _function(request.app.get_blocks().fns, name, body.get("fn_index"))
        if len(values) != len(function.inputs):
            raise HTTPException(422, ARGUMENTS.format(len(function.inputs), len(values)))
        _check_types(function, values)
        _check_files(function, values, body.get("event_data"))


def _is_flat(value: dict[str, object] | list[object], levels: int = _LEVELS) -> bool:
    parts = value.values() if isinstance(value, dict) else value
    return levels > 0 and all(_is_flat(each, levels - 1) for each in parts if isinstance(each, dict | list))


def _check_types(function: BlockFunction, values: dict[str, object] | list[object]) -> None:
    """For functions of the API. Those of pages check their values when they run."""
    problems = getattr(function.fn, "problems", None)
    if problems and (found := problems(values)):
        raise HTTPException(422, found)


def _check_files(function: BlockFunction, values: Any, event: Any) -> None:
    """Gradio checks files, too, but takes a wrong one as an error of the server."""
    try:
        for each in (values, event):
            check_all_files_in_cache(each)
        for component, value in zip(function.inputs, values, strict=True):
            if value is not None and (model := getattr(component, "data_model", None)):
                model.model_validate(value)
    except (Error, ValidationError):
        raise HTTPException(422, NO_UPLOAD) from None


def _function(functions: dict[int, BlockFunction], name: str | None, number: object) -> BlockFunction:
    """By its number, if there is one, else by its name."""
    if number is None:
        function = next((each for each in functions.values() if name and each.api_name == name), None)
    else:
        function = functions.get(number) if isinstance(number, int) else None
    if function is None or function.fn is None:
        raise HTTPException(404, NO_FUNCTION)
    return function
