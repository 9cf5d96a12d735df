"""The Python that builds and trains a model, ready to run: with the same code, data and weights as in the app."""

import ast
import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from models.data.build_one.counting import count_parameters
from models.data.build_one.drawn import SHOWN_ROWS, drawing
from models.data.build_one.parts import Part, Parts, parts
from models.data.build_one.specs import spec_of
from models.schema import Build, Training, TrainingState

_DATA = Path(__file__).with_name("sets.py")
_PLAIN = Path(__file__).parents[2] / "perceiver" / "build_one_plain.py"
_SCHEDULE = _PLAIN.with_name("fine_tuning.py")
_WIDTH = 100
_EVERY = 50
"""Steps between two lines of output."""

_SETUP = '''\
"""{title}: a Perceiver with {parameters:,} parameters.

It trains in a minute or less and writes model.safetensors and config.json. If model.safetensors is there already, it is
loaded instead. Requires torch, transformers and scikit-learn (pip install torch transformers scikit-learn).
"""

{csv}from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch.nn import functional as F
from transformers import PerceiverConfig, PerceiverModel
from transformers.models.perceiver.modeling_perceiver import (
{classes}
)

STEPS, BATCH_SIZE, LEARNING_RATE, SEED = {steps}, {batch_size}, {learning_rate}, {seed}
torch.set_num_threads(1)  # small products are as fast in one thread as in two
'''
_DRAW = '''\
# Data: the first {training} examples are for training, the next {validation} for validation.
inputs, targets = {function}({arguments})
inputs = as_read(inputs, "{preprocessor}")
shapes = {shapes}


def predict(rows):
    """Outputs of these examples by name."""
    if isinstance(inputs, dict):
        read = {{name: torch.from_numpy(values[rows]) for name, values in inputs.items()}}
    else:
        read = torch.from_numpy(inputs[rows])
    return by_output(model(read{queries}).logits, shapes)


def targets_of(rows):
    return {{name: torch.from_numpy(values[rows]) for name, values in targets.items()}}
'''
_MODEL = """\
# Model
config = PerceiverConfig({config})
model = PerceiverModel(
    config,
    input_preprocessor={preprocessor},
    decoder={decoder},{postprocessor}
).eval()  # there is no dropout
start_weights(model, std={std}, seed=SEED{positions})
"""
_TRAIN = """\
# Training
def train():
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=LEARNING_RATE, fused=True)
    for step in range(1, STEPS + 1):
        rows = batch_rows(step, {training}, BATCH_SIZE, SEED)
        loss = loss_of(predict(rows), targets_of(rows))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.param_groups[0]["lr"] = LEARNING_RATE * warm_up_then_linear(step, STEPS)
        optimizer.step()
        optimizer.zero_grad()
        if step % {every} == 0 or step == STEPS:
            print(f"step {{step}} loss {{loss.item():.6f}}")


if Path("model.safetensors").is_file():
    model.load_state_dict(load_file("model.safetensors"))
else:
    train()
    save_file(model.state_dict(), "model.safetensors")
    config.to_json_file("config.json")

with torch.no_grad():
    rows = np.arange({training}, {training} + {shown})
    outputs, known = predict(rows), targets_of(rows)
    print(f"validation loss {{loss_of(outputs, known).item():.6f}}")
    for name in outputs.keys() & {{"label", "letters"}}:
        print(f"{{name}}: {{(outputs[name].argmax(dim=-1) == known[name]).float().mean().item():.1%}} correct")
"""


def write_script(build: Build, training: Training) -> str:
    """A Python file that builds the model, trains it or loads it, and validates it."""
    return "\n\n".join(_sections(build, training))


def write_notebook(build: Build, training: Training) -> str:
    """The same as a notebook, one cell for each section (JSON)."""
    cells = [
        {
            "cell_type": "code",
            "id": f"cell-{number}",
            "metadata": {},
            "execution_count": None,
            "outputs": [],
            "source": section.rstrip("\n").splitlines(keepends=True),
        }
        for number, section in enumerate(_sections(build, training))
    ]
    kernel = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    return json.dumps({"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}, indent=1)


def saved_files(build: Build, training: Training, state: TrainingState) -> Mapping[str, bytes]:
    """Files by name: the weights, the config of transformers, and the script that loads them."""
    config = {"model_type": "perceiver", **parts(build).config}
    return {
        "model.safetensors": state.weights,
        "config.json": (json.dumps(config, indent=2) + "\n").encode(),
        "build_one.py": write_script(build, training).encode(),
    }


def _sections(build: Build, training: Training) -> Iterable[str]:
    spec, made = spec_of(build), parts(build)
    function, arguments = drawing(build)
    rows, validation = spec.rows
    names = sorted({name for name in _names(made) if name.startswith("Perceiver")})
    adapters = [name for name in _names(made) if not name.startswith("Perceiver")]
    bases = [base for name in adapters for base in _bases(name)]
    classes = sorted({*names, *bases})
    yield _SETUP.format(
        title=spec.title,
        parameters=count_parameters(build),
        csv="import csv\n" if build.data == "table" else "",
        classes="\n".join(f"    {name}," for name in classes),
        steps=training.steps,
        batch_size=training.batch_size,
        learning_rate=training.learning_rate,
        seed=training.seed,
    )
    drawn = ["digits", function] if function == "digit_tone" else [function]
    yield _sources(_DATA, [*drawn, "as_read"])
    steps = ["start_weights", "batch_rows", "by_output", "loss_of"]
    yield f"{_sources(_PLAIN, [*adapters, *steps])}\n\n\n{_sources(_SCHEDULE, ['_WARM_UP', 'warm_up_then_linear'])}\n"
    yield _DRAW.format(
        training=rows,
        validation=validation,
        function=function,
        arguments=", ".join(map(repr, arguments)),
        preprocessor=build.preprocessor,
        shapes=repr(dict(spec.outputs)),
        queries=_queries(made),
    )
    yield _model(build, made)
    yield _TRAIN.format(training=rows, every=_EVERY, shown=min(validation, SHOWN_ROWS))


def _model(build: Build, made: Parts) -> str:
    config = "".join(f"\n    {name}={value!r}," for name, value in made.config.items())
    post = f"\n    output_postprocessor={_call(made.postprocessor, 4)}," if made.postprocessor else ""
    return _MODEL.format(
        config=f"{config}\n",
        preprocessor=_call(made.preprocessor, 4),
        decoder=_call(made.decoder, 4),
        postprocessor=post,
        std=build.initial_std,
        positions=", no_positions=True" if made.fixed_positions else "",
    )


def _queries(made: Parts) -> str:
    if made.queried is None:
        return ""
    points = ", ".join(f'"{name}": torch.arange({count})' for name, count in made.queried.items())
    return f", subsampled_output_points={{{points}}}"


def _call(part: Part, indent: int) -> str:
    """The source of a call, on one line if it fits."""
    arguments = [f"{name}={_value(value, indent + 4)}" for name, value in part.options.items()]
    if part.config == "model":
        arguments.insert(0, "config")
    elif part.config:
        own = ", ".join(f"{name}={value!r}" for name, value in part.config.items())
        arguments.insert(0, f"PerceiverConfig({own})")
    return _wrapped(f"{part.name}(", arguments, ")", indent)


def _value(value: Any, indent: int) -> str:
    if isinstance(value, Part):
        return _call(value, indent)
    if isinstance(value, Mapping):
        return _wrapped("{", [f'"{name}": {_value(each, indent + 4)}' for name, each in value.items()], "}", indent)
    return json.dumps(value) if isinstance(value, str) else repr(value)


def _wrapped(start: str, arguments: list[str], end: str, indent: int) -> str:
    line = f"{start}{', '.join(arguments)}{end}"
    if len(line) + indent <= _WIDTH and "\n" not in line:
        return line
    inner = " " * (indent + 4)
    return f"{start}\n" + "".join(f"{inner}{argument},\n" for argument in arguments) + " " * indent + end


def _names(made: Parts) -> list[str]:
    """Names of all classes, without repetition."""
    pending = [made.preprocessor, made.decoder, *([made.postprocessor] if made.postprocessor else [])]
    found: dict[str, None] = {}
    while pending:
        part = pending.pop()
        found[part.name] = None
        pending += part.options.get("modalities", {}).values()
    return list(found)


def _bases(adapter: str) -> list[str]:
    """Classes of transformers that an adapter uses."""
    nodes = ast.walk(ast.parse(_definitions(_PLAIN)[adapter]))
    return sorted({node.id for node in nodes if isinstance(node, ast.Name) and node.id.startswith("Perceiver")})


def _sources(path: Path, names: list[str]) -> str:
    """Source of these functions, classes and constants of a module."""
    return "\n\n\n".join(_definitions(path)[name] for name in names)


@cache
def _definitions(path: Path) -> Mapping[str, str]:
    text = path.read_text(encoding="utf-8")
    lines, found = text.splitlines(), {}
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            found[node.name] = "\n".join(lines[first - 1 : node.end_lineno])
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found[node.targets[0].id] = "\n".join(lines[node.lineno - 1 : node.end_lineno])
    return found
