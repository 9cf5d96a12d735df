"""Builds a small Perceiver from the parts of transformers and trains it in slices.

A slice starts from plain data and ends with plain data. Batches depend only on the seed and the step, and there is no
dropout: the same settings give the same losses, however the training is cut into slices.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

import numpy as np
import safetensors.torch as safetensors
import torch
from safetensors import SafetensorError
from torch import Tensor
from transformers import PerceiverConfig, PerceiverModel
from transformers.models.perceiver import modeling_perceiver

from models.data.build_one import SHOWN_ROWS, Examples, Part, as_read, draw, fingerprint, parts, shapes, spec_of
from models.perceiver import build_one_plain as plain
from models.perceiver.fine_tuning import warm_up_then_linear
from models.schema import Build, InputError, LatentAttention, Prediction, Training, TrainingState

SHOWN_LATENTS = 8
SHOWN_EXAMPLES = 8
PLANE = 32
"""Points along each side of `regions`."""


def build_model(build: Build) -> PerceiverModel:
    """A model with the initial weights of transformers, in evaluation mode."""
    made = parts(build)
    config = PerceiverConfig(**made.config)
    post = made.postprocessor
    return PerceiverModel(
        config,
        input_preprocessor=_make(made.preprocessor, config),
        decoder=_make(made.decoder, config),
        output_postprocessor=None if post is None else _make(post, config),
    ).eval()


def _make(part: Part, config: PerceiverConfig) -> Any:
    made = getattr(plain, part.name, None) or getattr(modeling_perceiver, part.name)
    options = {name: _option(value, config) for name, value in part.options.items()}
    if part.config is None:
        return made(**options)
    return made(config if part.config == "model" else PerceiverConfig(**part.config), **options)


def _option(value: Any, config: PerceiverConfig) -> Any:
    if isinstance(value, Mapping):
        return {name: _option(each, config) for name, each in value.items()}
    return _make(value, config) if isinstance(value, Part) else value


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Fields as in `TrainBuildResult`."""

    loss: float
    score: float
    examples: tuple[Prediction, ...]
    attention: LatentAttention


@dataclass(slots=True)
class BuildTrainer:
    """A model in training. Its methods leave inference mode, so that it can run within it.

    step: updates so far.
    """

    build: Build
    training: Training
    resume: TrainingState | None = None
    step: int = 0
    model: PerceiverModel = field(init=False)
    learning: Examples = field(init=False)
    validation: Examples = field(init=False)
    _optimizer: torch.optim.AdamW = field(init=False)

    @torch.inference_mode(False)
    def __post_init__(self) -> None:
        self.learning, validation = draw(self.build)
        self.validation = validation.rows(slice(0, SHOWN_ROWS))
        self.model = build_model(self.build)
        plain.start_weights(
            self.model, self.build.initial_std, self.training.seed, no_positions=parts(self.build).fixed_positions
        )
        self._optimizer = torch.optim.AdamW(self._trained, lr=self.training.learning_rate, fused=True)
        if self.resume:
            self.step = self.resume.step
            load_weights(self.model, self.resume)
            self._load_moments(self.resume)

    @property
    def _trained(self) -> list[torch.nn.Parameter]:
        return [parameter for parameter in self.model.parameters() if parameter.requires_grad]

    @torch.inference_mode(False)
    @torch.enable_grad()
    def update(self) -> float:
        """Trains on the next batch. Returns its loss before the update."""
        self.step += 1
        batch = plain.batch_rows(self.step, len(self.learning), self.training.batch_size, self.training.seed)
        examples = self.learning.rows(batch)
        loss = plain.loss_of(run_model(self.model, self.build, examples.inputs), tensors(examples.targets))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self._trained, 1.0)
        rate = self.training.learning_rate * warm_up_then_linear(self.step, self.training.steps)
        self._optimizer.param_groups[0]["lr"] = rate
        self._optimizer.step()
        self._optimizer.zero_grad()
        return loss.item()

    @torch.no_grad()
    def evaluate(self) -> Evaluation:
        """Loss and score of the validation examples, and what the first of them show, from one pass."""
        inputs, known = self.validation.inputs, self.validation.targets
        found = self.model(model_inputs(self.build, inputs), output_attentions=True, **queries(self.build))
        outputs, targets = plain.by_output(found.logits, spec_of(self.build).outputs), tensors(known)
        first = predictions({name: values[:SHOWN_EXAMPLES] for name, values in outputs.items()}, inputs)
        examples = (
            replace(one, targets={name: values[row] for name, values in known.items()}) for row, one in enumerate(first)
        )
        attention = found.cross_attentions[0][0].mean(dim=0)[:SHOWN_LATENTS].numpy().copy()
        return Evaluation(
            plain.loss_of(outputs, targets).item(),
            score(outputs, targets),
            tuple(examples),
            LatentAttention(attention, dict(shapes(self.build).grids)),
        )

    @torch.no_grad()
    def regions(self) -> np.ndarray | None:
        """Class probabilities over the plane of "points": float32 [rows, columns, K], the first row at y = 1."""
        if self.build.data != "points":
            return None
        side = np.linspace(-1, 1, PLANE, dtype=np.float32)
        x, y = np.meshgrid(side, side[::-1])
        found = run_model(self.model, self.build, {"values": np.stack([x.ravel(), y.ravel()], axis=1)})["label"]
        return found.softmax(dim=-1).reshape(PLANE, PLANE, -1).numpy().copy()

    def state(self) -> TrainingState:
        moments = {
            f"{number}.{name}": value
            for number, parameter in enumerate(self._trained)
            for name, value in self._optimizer.state[parameter].items()
        }
        weights = {name: value.contiguous() for name, value in self.model.state_dict().items()}
        return TrainingState(
            self.step, safetensors.save(weights), safetensors.save(moments), fingerprint(self.build, self.training)
        )

    def _load_moments(self, state: TrainingState) -> None:
        parameters = self._trained
        for name, value in safetensors.load(state.optimizer).items():
            number, _, moment = name.partition(".")
            self._optimizer.state[parameters[int(number)]][moment] = value


def load_weights(model: PerceiverModel, state: TrainingState) -> None:
    """Copies the weights of a state into a model of the same build. Raises InputError for those of another build."""
    try:
        model.load_state_dict(safetensors.load(state.weights))
    except (RuntimeError, SafetensorError) as error:
        raise InputError("These weights belong to another model. Train this model first.") from error


def run_model(model: PerceiverModel, build: Build, inputs: Mapping[Any, np.ndarray]) -> dict[Any, Tensor]:
    """Logits or numbers by name of the output, [B, *shape]."""
    logits = model(model_inputs(build, inputs), **queries(build)).logits
    return plain.by_output(logits, spec_of(build).outputs)


def model_inputs(build: Build, inputs: Mapping[Any, np.ndarray]) -> Any:
    """A tensor, or tensors by modality, as the preprocessor of the model reads them."""
    read = as_read(inputs, build.preprocessor)
    return tensors(read) if isinstance(read, Mapping) else torch.from_numpy(np.ascontiguousarray(read))


def queries(build: Build) -> dict[str, Any]:
    """Arguments of `PerceiverModel.forward` that Fourier queries need."""
    queried = parts(build).queried
    if queried is None:
        return {}
    return {"subsampled_output_points": {name: torch.arange(count) for name, count in queried.items()}}


def tensors(arrays: Mapping[Any, np.ndarray]) -> dict[Any, Tensor]:
    return {name: torch.from_numpy(np.ascontiguousarray(values)) for name, values in arrays.items()}


def score(outputs: Mapping[Any, Tensor], targets: Mapping[Any, Tensor]) -> float:
    """Accuracy, end-point error of the pixels that move, or mean absolute error of an image; see `DataSpec.metric`."""
    if "image" in outputs:
        return (outputs["image"] - targets["image"]).abs().nanmean().item()
    (name, values), target = next(iter(outputs.items())), next(iter(targets.values()))
    if name == "flow":
        moving = target.ne(0).any(dim=-1)
        return (values - target).norm(dim=-1)[moving].mean().item()
    return (values.argmax(dim=-1) == target).float().mean().item()


def predictions(outputs: Mapping[Any, Tensor], inputs: Mapping[Any, np.ndarray]) -> Iterator[Prediction]:
    """One for each example, without targets."""
    rows = len(next(iter(outputs.values())))
    found = {name: _predicted(name, values).numpy().copy() for name, values in outputs.items()}
    for row in range(rows):
        yield Prediction(
            {name: values[row] for name, values in inputs.items()},
            cast(Any, {name: values[row] for name, values in found.items()}),
        )


def _predicted(name: str, values: Tensor) -> Tensor:
    if name == "label":
        return values.softmax(dim=-1)
    return values.argmax(dim=-1) if name == "letters" else values
