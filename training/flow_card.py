"""The card of the embedded flow model: what it is, what it was trained on, and how well it and other methods do."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.card import Curve, architecture_section, precision_section, table, training_section
from training.curve import draw_curve, save_svg, write_curve


@dataclass(frozen=True, slots=True)
class Report:
    """What the card says.

    curve: lines of `read_curve`. training: RUN/training.json, to which "remarks" may be added by hand; {} without one.
    scores, baselines: as `evaluate` and `baselines` print them. photographs: of each part, how many. rounding: pixels
    of error on the synthetic scenes, of the float32 weights as trained and of those on disk; None without the former.
    """

    curve: Curve
    training: Mapping[str, Any]
    scores: Mapping[str, Any]
    baselines: Mapping[str, Mapping[str, Any]]
    photographs: Mapping[str, int]
    rounding: tuple[float, float] | None


def write_card(report: Report, weights: Path, folder: Path) -> None:
    """Writes card.md, scores.json, curve.jsonl and curve.svg. weights: holds model.safetensors and config.json."""
    folder.mkdir(parents=True, exist_ok=True)
    kept = {name: value for name, value in report.scores.items() if name != "seconds"}  # which every call takes anew
    (folder / "scores.json").write_text(json.dumps(kept) + "\n")
    write_curve(report.curve, folder / "curve.jsonl")
    levels = {NAMES[name]: report.baselines[name]["synthetic"]["epe"] for name in ("zero", "farneback")}
    save_svg(draw_curve(report.curve, "Embedded model of optical flow", "pixels", levels), folder / "curve.svg")
    config = json.loads((weights / "config.json").read_text())
    sections = (
        INTRODUCTION,
        architecture_section(weights, _inputs(config), DECODER),
        DATA.format(**report.photographs),
        _training(report),
        _scores(report),
        _precision(weights, report),
        LIMITS,
        COMMANDS,
    )
    (folder / "card.md").write_text("\n".join(sections))


NAMES = {
    "zero": "nothing moves",
    "farneback": "Farnebäck (OpenCV)",
    "dis": "DIS, medium (OpenCV)",
    "tvl1": "TV-L1 (scikit-image)",
}
INTRODUCTION = """# Embedded model of optical flow

A small Perceiver IO that says where each pixel of a frame is in the next one: `PerceiverForPatchFlow`
(`models/perceiver/patch_flow.py`), put together from the parts of transformers and trained from scratch by the recipe
`training/optical_flow.py`. It reads tiles of both frames, and sees motions of a few pixels; so frames are read small at
first, then twice as large each time, with the second frame moved back by what was found, for what is left.
"""
DECODER = "1 cross-attention with a residual: each input is the query of its own patch"

DATA = """## Data

Scenes that are made as it learns, never twice the same, whose motion is known exactly: layers of textures in shapes,
each with an affine motion of its own, from hundredths of a pixel to 8; with occlusion, changes of brightness and noise.
The textures are noise of several scales and photographs from the *clothing-dataset-small* (CC0): {train:,} of them in
training, {held_out:,} others in the synthetic scenes of the scores. Only the weights are shipped.

Middlebury (S. Baker et al., *A Database and Evaluation Methodology for Optical Flow*, 2011) only gave scores.
"""

CURVE = """
![Error against steps](curve.svg)

The loss on the training batches is the sum of two errors, at half of the size and at full size.
"""

LIMITS = """## Limits

- It learned from flat pieces that move: in its world nothing bends, and no light or shadow moves.
- Small things that move fast are lost where frames are read small, as by every method from coarse to fine.
- Where nothing has texture, or something is hidden, it guesses.
- It is made to show how a Perceiver works, not to be relied on.
"""

COMMANDS = """## Made with

```
python -m training.optical_flow train --data DIR
python -m training.optical_flow export
python -m training.optical_flow evaluate --data DIR
python -m training.optical_flow baselines --data DIR
python -m training.optical_flow card --data DIR
```

The options of this run are in `training/README.md`.
"""


def _inputs(config: Mapping[str, Any]) -> str:
    (height, width), patch, window = config["train_size"], config["patch_size"], config["window_size"]
    return (
        f"{height // patch} x {width // patch}, one for each patch of {patch} x {patch} pixels: a window of {window} x "
        f"{window} pixels of both frames, and Fourier features of its place"
    )


def _training(report: Report) -> str:
    training, seen = report.training, {}
    if "batch" in training:
        scenes = int(report.curve[-1]["step"]) * training["batch"]
        seen["scenes"] = f"{scenes:,}, {training['batch']} a batch; each gives two tiles"
    recipe = {"start": "linear layers at a standard deviation of fan_in^-0.5, the last one a tenth of that"}
    scored = "pixels of error on the synthetic scenes of the scores"
    return training_section(training, report.curve, seen, recipe, scored, muon=True) + CURVE


def _scores(report: Report) -> str:
    methods = {"**this model**": report.scores, **{NAMES[name]: report.baselines[name] for name in NAMES}}
    scenes = tuple(report.scores["middlebury"]["pairs"])
    rows = [
        (name, *(f"{found[part]['epe']:.3f}" for part in ("synthetic", "middlebury")), *_by_scene(found, scenes))
        for name, found in methods.items()
    ]
    bars = report.scores["bars"]
    text = (
        "Mean end-point error, the distance between estimated and true motion, in pixels. Synthetic: "
        f"{report.scores['synthetic']['pairs']} scenes\nof 128 x 128 pixels, which also chose the weights. Middlebury: "
        "real scenes, which chose nothing.\n"
        f"Aimed at were {bars['synthetic']:.3f} (Farnebäck's error) and {bars['middlebury']:.3f} (45 % of saying that "
        "nothing moves).\n\n"
    )
    return f"## Scores\n\n{text}{table(('', 'synthetic', 'Middlebury', *scenes), rows)}"


def _by_scene(found: Mapping[str, Any], scenes: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{found['middlebury']['pairs'][scene]:.3f}" for scene in scenes)


def _precision(weights: Path, report: Report) -> str:
    if report.rounding is None:
        return precision_section(weights)
    trained, stored = report.rounding
    said = (
        f"On the synthetic scenes the weights as trained err by {trained:.4f} pixels, the rounded ones by {stored:.4f}."
    )
    return precision_section(weights, said)
