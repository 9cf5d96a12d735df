"""Text generation: a Perceiver AR continues a prompt token by token (Hawthorne et al. 2022)."""

import time
from collections.abc import Generator
from dataclasses import replace

import torch
from torch import Tensor

from models.data.running_text import RunningText
from models.perceiver.ar import PerceiverAr
from models.perceiver.ar_decoding import IncrementalDecoder, Window, next_window
from models.perceiver.ar_provenance import follow, stages
from models.perceiver.checkpoints import Checkpoint
from models.perceiver.sampling import Sampling, choose, probabilities, ranked
from models.schema import (
    AttentionMap,
    FinishReason,
    GeneratedToken,
    InputError,
    Probe,
    TextGenerationRequest,
    TextGenerationStep,
    TokenAt,
)
from models.tasks.cost import Cost
from models.tasks.targets import check_index, target_of
from models.tasks.task import Loaded, Runtime, Task, stream_time_limit
from models.tasks.text_prompt import REFILL, check, check_probe, place, windows
from models.tasks.text_tokens import text_tokens
from models.tasks.text_tracing import trace_token

ALTERNATIVES = 8
OUTPUTS = 32
"""Most tokens that are outputs of `Stages`."""
MAX_SECONDS = 600.0
"""Generation stops after this time; on ZeroGPU, before the GPU allocation ends."""


def run(request: TextGenerationRequest, runtime: Runtime) -> TextGenerationStep:
    """The last step; see `stream`."""
    *_, last = stream(request, runtime)
    return last


def stream(request: TextGenerationRequest, runtime: Runtime) -> Generator[TextGenerationStep]:
    """Yields how the text will be divided, then a step per token. Closing the generator stops before the next token.

    Raises InputError and CheckpointUnavailable.
    """
    began = time.perf_counter()
    check(request)
    with runtime.load(TEXT_GENERATION.checkpoint(request.weights)) as loaded:
        yield from _Generation(request, loaded, runtime, began).steps()


class _Generation:
    """A text being generated. Positions count from the first token that is read, after `cut` tokens."""

    def __init__(self, request: TextGenerationRequest, loaded: Loaded, runtime: Runtime, began: float):
        model: PerceiverAr = loaded.model
        self.request, self.model, self.began = request, model, began
        self.ends_at = began + stream_time_limit(runtime, request, MAX_SECONDS)
        self.info = runtime.info(loaded, encoder_cached=False, seed=request.seed)
        self.tokens = text_tokens(model.config.vocab_size, runtime.source(loaded.checkpoint))
        self.sampling = Sampling(request.do_sample, request.temperature, request.top_k, request.top_p, request.seed)
        check_probe(request, model.config)
        prompt = self.tokens.ids(request.prompt)
        self.cut, self.first = place(request, self.tokens, len(prompt), model.config)
        self.ids = [*prompt[self.cut :], *self._checked(request.written)]
        self._prompt_length = len(prompt) - self.cut
        contents = self.tokens.contents
        self.prompt_tokens = tuple(contents[each] for each in prompt)
        self.written_tokens = tuple(contents[each] for each in request.written)
        self.text = RunningText(request.stop)
        self.text.add(b"".join(self.written_tokens))
        self.new: list[GeneratedToken] = []
        self.window = windows(model.config, self.first, len(request.written))
        self.writer = IncrementalDecoder(model, REFILL, matching=request.matching)
        self.first_seconds = 0.0

    def steps(self) -> Generator[TextGenerationStep]:
        wanted = self.request.max_new_tokens
        yield self._step("" if wanted else "length")
        if not wanted:
            return
        readings, logits = 0, self._begin()
        while True:
            ended = self._write(logits, anew=self.writer.full_passes > readings)
            yield self._step(ended)
            if ended:
                return
            readings, logits = self.writer.full_passes, self._follow()

    def _checked(self, written: tuple[int, ...]) -> tuple[int, ...]:
        known = len(self.tokens.contents)
        if not all(0 <= each < known for each in written):
            raise InputError(f"Token ids in `written` must be 0 to {known - 1:,}. They come from another model.")
        return written

    def _begin(self) -> Tensor:
        """Reads the text with the division it would have if it had been generated at once."""
        return self.writer.start(self._tensor(self.ids[self.window.dropped :])[None], self.window.latents)[0]

    def _follow(self) -> Tensor:
        self.window = next_window(self.model.config, self.window, REFILL)
        return self.writer.write(self._tensor(self.ids[-1:]))[0]

    def _write(self, predicted: Tensor, anew: bool) -> FinishReason:
        """Appends the next token, and returns the finish reason if it is the last."""
        logits = predicted.double().cpu().numpy()
        order = ranked(logits, self.tokens.forbidden)
        index, shares = len(self.ids) - self._prompt_length, probabilities(logits)
        token, contents = choose(logits, order, self.sampling, index), self.tokens.contents
        alternatives = tuple((contents[each], float(shares[each])) for each in order[:ALTERNATIVES])
        self.new.append(
            GeneratedToken(
                token,
                contents[token],
                float(shares[token]),
                alternatives,
                **self._division(self.window),
                full_pass=anew,
            )
        )
        self.ids.append(token)
        if len(self.new) == 1:
            self.first_seconds = time.perf_counter() - self.began
        return self._finish_reason(token, self.text.add(contents[token]))

    def _finish_reason(self, token: int, stopped: bool) -> FinishReason:
        if token in self.tokens.ends:
            return "end"
        if stopped:
            return "stop"
        if len(self.new) == self.request.max_new_tokens:
            return "length"
        return "time" if time.perf_counter() > self.ends_at else ""

    def _step(self, ended: FinishReason) -> TextGenerationStep:
        probe = self.request.probe if ended else None
        traced = None if probe is None else self._traced(probe)
        window = self.window if traced is None else self._window_of(traced)
        lying = self._division(window)
        attention, first = (None, None) if probe is None or traced is None else self._trace(probe, traced, window)
        return TextGenerationStep(
            text=self.text.text(whole=bool(ended)),
            tokens=tuple(self.new),
            prompt_tokens=self.prompt_tokens,
            written_tokens=self.written_tokens,
            dropped=lying["dropped"],
            prefix_length=lying["prefix"],
            latents=lying["latents"],
            cut=self.cut,
            tokens_per_second=self._tokens_per_second(),
            first_seconds=self.first_seconds,
            full_passes=self.writer.full_passes,
            cache_bytes=self.writer.nbytes,
            finish_reason=ended,
            attention=attention,
            traced=traced,
            run=self.info,
            first_output=first,
        )

    def _tokens_per_second(self) -> float:
        if len(self.new) < 2:
            return 0.0
        return (len(self.new) - 1) / (time.perf_counter() - self.began - self.first_seconds)

    def _traced(self, probe: Probe) -> int:
        """Index of the generated token to trace."""
        there, target = len(self.ids) - self._prompt_length, target_of(probe, TokenAt)
        if target is None:
            return len(self.request.written) if self.new else 0
        check_index("token", target.index, there, "the generated text")
        return target.index

    def _trace(self, probe: Probe, traced: int, window: Window) -> tuple[AttentionMap, int | None]:
        """The attention of a token, and the first output of its stages."""
        name = f"token {traced}, generated as {_shown(self.tokens.contents[self.ids[self._prompt_length + traced]])}"
        outputs = self._outputs(traced, window) if probe.stages else range(traced, traced + 1)
        before = self._before(outputs[-1], window)
        followed = follow(self.model, before, window.prefix, matching=self.request.matching)
        latents = torch.arange(followed.latents - len(outputs), followed.latents, device=followed.asking.device)
        attention = trace_token(self.model, followed, int(latents[traced - outputs.start]), probe, name)
        if not probe.stages:
            return attention, None
        return replace(attention, stages=stages(self.model, followed, latents)), outputs.start

    def _outputs(self, traced: int, window: Window) -> range:
        """At most OUTPUTS generated tokens around one, all predicted with its prefix."""
        first, there = max(0, traced - OUTPUTS // 2), len(self.ids) - self._prompt_length
        window_of, placed = self._window_of(first), []
        for token in range(first, min(first + OUTPUTS, there)):
            if (window_of.dropped, window_of.prefix) == (window.dropped, window.prefix):
                placed.append(token)
            window_of = next_window(self.model.config, window_of, REFILL)
        return range(placed[0], placed[-1] + 1)

    def _before(self, token: int, window: Window) -> Tensor:
        """What a generated token was predicted from, int64 [1, prefix + latents]."""
        return self._tensor(self.ids[window.dropped : self._prompt_length + token])[None]

    def _window_of(self, token: int) -> Window:
        """How the text was divided when a generated token was predicted."""
        return windows(self.model.config, self.first, token)

    def _division(self, window: Window) -> dict[str, int]:
        """The division, counted from the first token of the prompt, including those that are not read."""
        return {"dropped": self.cut + window.dropped, "prefix": window.prefix, "latents": window.latents}

    def _tensor(self, ids: list[int]) -> Tensor:
        return torch.tensor(ids, device=self.model.token_embedding.weight.device)


def _shown(content: bytes) -> str:
    """In quotes; bytes that are not UTF-8 as numbers."""
    try:
        return repr(content.decode("utf-8")) if content else "the end of the text"
    except UnicodeDecodeError:
        return repr(content)[1:]


def _cost(request: TextGenerationRequest) -> Cost:
    """The prompt, and each token. The context is read again as it moves, once for some hundred tokens."""
    return Cost(1.2 + 0.08 * request.max_new_tokens, 1 + request.max_new_tokens)


TEXT_GENERATION = Task(
    name="text_generation",
    request=TextGenerationRequest,
    checkpoints=(
        Checkpoint("text_generation", "embedded", PerceiverAr),
        Checkpoint("krasserm/perceiver-ar-clm-base", "published", PerceiverAr),
    ),
    run=run,
    cost=_cost,
    stream=stream,
)
