"""Refuses calls whose values do not fit their function before they join the queue, with what is wrong.

Gradio answers some of them with an error of the server, and others after the work.
"""

from contextlib import suppress
from typing import Any

from fastapi import HTTPException, Request
from gradio.block_function import BlockFunction

NO_FUNCTION = "There is no such function."
ARGUMENTS = "The function takes {} values, not {}."


async def check_call(request: Request) -> None:
    """A dependency of all routes. Raises HTTPException."""
    name, path = request.path_params.get("api_name"), request.url.path
    if request.method != "POST" or not (name or path.endswith("/queue/join")):
        return
    by_name = "/call/v2/" in path
    with suppress(ValueError, RecursionError):  # FastAPI refuses what is not JSON, or not an object
        body = await request.json()
        if isinstance(body, dict):
            function = _function(request.app.get_blocks().fns, name, None if by_name else body.get("fn_index"))
            _check_values(function, body if by_name else body.get("data"), dict if by_name else list)


def _check_values(function: BlockFunction, values: Any, kind: type) -> None:
    if not isinstance(values, kind):
        return  # FastAPI refuses it
    if kind is list and len(values) != len(function.inputs):
        raise HTTPException(422, ARGUMENTS.format(len(function.inputs), len(values)))
    problems = getattr(function.fn, "problems", None)
    if problems and (found := problems(values)):
        raise HTTPException(422, found)


def _function(functions: dict[int, BlockFunction], name: str | None, number: Any) -> BlockFunction:
    """By its number, if there is one, else by its name."""
    if number is None:
        function = next((each for each in functions.values() if name and each.api_name == name), None)
    else:
        function = functions.get(number) if isinstance(number, int) else None
    if function is None or function.fn is None:
        raise HTTPException(404, NO_FUNCTION)
    return function
