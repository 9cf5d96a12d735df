"""A text as it grows, and with it the one that reads a short prefix."""

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

from components.html.text.compared import Compared
from models.backend.protocol import Backend
from models.schema import GeneratedToken, TextGenerationRequest, TextGenerationStep
from models.schema.text_generation import MAX_NEW_TOKENS
from pages.session import Job
from pages.text_generation.run import TextGenerationRun
from pages.text_generation.state import TextGenerationState, request_of

SECONDS_BETWEEN = 0.2
"""Between two updates of a growing text."""
SECONDS_PER_TOKEN = 0.0005
"""The same for each of its tokens: browsers need longer for long texts."""
Tokens = tuple[GeneratedToken, ...]


def growing_text(
    backend: Backend, job: Job, state: TextGenerationState, earlier: Tokens = (), short_earlier: Tokens = ()
) -> Iterator[TextGenerationRun]:
    """The text several times a second, and at its end; nothing new after the job is over.

    earlier, short_earlier: tokens of the text that is continued, and of the one with the short prefix.
    """
    if job.over:
        return
    run = None
    for step in _steps(backend, job, continued(request_of(state), earlier)):
        if run is None and state.compare and not earlier:
            state = state.changed(num_latents=step.latents)  # both texts have as many
        run = TextGenerationRun(state, step, job, earlier)
        yield run
    if run and state.compare and not job.over:
        for step in _steps(backend, job, _short_request(run, short_earlier)):
            yield replace(run, short=Compared(step, short_earlier))


def continued(request: TextGenerationRequest, tokens: Tokens) -> TextGenerationRequest:
    """The request for what follows these tokens."""
    return replace(request, written=tuple(token.id for token in tokens))


def _steps(backend: Backend, job: Job, request: TextGenerationRequest) -> Iterator[TextGenerationStep]:
    """Steps to show, the last one included."""
    shown, pending = 0.0, None
    with closing(backend.stream(request)) as steps:
        for step in steps:
            pause = max(SECONDS_BETWEEN, SECONDS_PER_TOKEN * (len(request.written) + len(step.tokens)))
            pending = step
            if len(step.tokens) < 2 or time.monotonic() - shown > pause:
                shown, pending = time.monotonic(), None
                yield step
            if job.over:
                break
    if pending is not None:
        yield pending


def _short_request(run: TextGenerationRun, earlier: Tokens) -> TextGenerationRequest:
    """For the same text with the short prefix, up to the same length."""
    missing = len(run.earlier) + run.state.max_new_tokens - len(earlier)
    request = replace(request_of(run.state), prefix=run.state.short_prefix)
    return continued(replace(request, max_new_tokens=min(missing, MAX_NEW_TOKENS)), earlier)
