"""The card of the embedded multimodal autoencoder: what it is, how it was trained, and how well it and others do."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.av_clips import ESPEAK
from training.av_losses import BLANK
from training.card import Curve, architecture_section, precision_section, table, training_section
from training.curve import draw_curve, save_svg, write_curve


@dataclass(frozen=True, slots=True)
class Report:
    """What the card says.

    curve: lines of `read_curve`. training: RUN/training.json, to which "remarks" may be added by hand; {} without one.
    scores, baselines: as `evaluate` and `baselines` print them. recordings: how many train, and how many are held out.
    rounding: the scores of the float32 weights as trained; None without them.
    """

    curve: Curve
    training: Mapping[str, Any]
    scores: Mapping[str, Any]
    baselines: Mapping[str, Mapping[str, Any]]
    recordings: tuple[int, int]
    rounding: Mapping[str, Any] | None


def write_card(report: Report, weights: Path, folder: Path) -> None:
    """Writes card.md, scores.json, curve.jsonl and curve.svg. weights: holds model.safetensors and config.json."""
    folder.mkdir(parents=True, exist_ok=True)
    kept = {name: value for name, value in report.scores.items() if name != "seconds"}  # which every call takes anew
    (folder / "scores.json").write_text(json.dumps(kept) + "\n")
    write_curve(report.curve, folder / "curve.jsonl")
    save_svg(draw_curve(report.curve, "Embedded multimodal autoencoder", "loss", {}), folder / "curve.svg")
    config = json.loads((weights / "config.json").read_text())
    seen, held_out = report.recordings
    sections = (
        INTRODUCTION.format(**_sizes(config)),
        architecture_section(weights, _inputs(config), DECODER.format(**config)),
        DATA.format(seen=seen, held_out=held_out, recorded=1 - ESPEAK),
        _training(report),
        _scores(report, config),
        _precision(weights, report),
        LIMITS,
        COMMANDS,
    )
    (folder / "card.md").write_text("\n".join(sections))


METHODS = {
    "pca": "PCA, as many numbers as the latents have",
    "mean_clip": "the mean of all clips",
    "mean_color": "the mean color of the clip, and silence",
}
SCORES = {
    "video_db": "video, dB above the clip's mean color",
    "sound_db": "sound, signal-to-noise ratio in dB",
    "both": "digits named from both",
    "video_alone": "from the picture alone",
    "sound_alone": "from the sound alone",
}
INTRODUCTION = """# Embedded multimodal autoencoder

A small Perceiver IO that reads a clip with its sound, {frames} frames of {side} x {side} pixels and {seconds:.2f}
seconds, rebuilds both from its latents, and says which digit it is: `PerceiverForPatchMultimodal`
(`models/perceiver/patch_multimodal.py`), put together from the parts of transformers and trained from scratch by the
recipe `training/av_autoencoding.py`.
"""
DECODER = (
    "1 cross-attention with a residual: a query is the Fourier features of a place; each answers for a patch of "
    "{patch_size} x {patch_size} pixels of one frame, for {samples_per_patch} samples, or for the label"
)
DATA = """## Data

Clips that are made as it learns, never twice the same: a digit of some font, color, size and path on a background
with other shapes, and the same digit spoken. {seen:,} recordings of the *Free Spoken Digit Dataset* (CC BY-SA 4.0)
speak {recorded:.0%} of them, at varied speed, voices of espeak-ng the others. {held_out} recordings, of indices that
training does not use, speak the clips of the scores; each has an animation of its own. Only the weights are shipped.
"""
CURVE = """
![Loss against steps](curve.svg)

Three losses are added: the error of the video relative to that of the mean color, that of the sound relative to
silence, and the cross-entropy of the label. The validation adds the same of held-out clips, in which the label is
hidden, for both modalities and each alone.
"""
PCA = """
PCA of blocks of 8 frames x 8 x 8 pixels, and of 256 samples, is nearer to clips of this kind than the model: fitted on
512 of them, it spends all its numbers on colors and samples. It names nothing, and answers for no place in between.
"""
LIMITS = """## Limits

- It has seen digits that are drawn and spoken, and little else: faces, rooms and music come out as coarse colors, and
  their sound as a murmur.
- It has ten labels, and names every clip as one of them.
- In training it was asked about moments between frames, but not about places between pixels: what it says of these is
  smooth, and has no finer detail than its clips had.
- It is made to show how a Perceiver works, not to be relied on.
"""
COMMANDS = """## Made with

```
python -m training.av_autoencoding train --data DIR
python -m training.av_autoencoding export
python -m training.av_autoencoding evaluate --data DIR
python -m training.av_autoencoding baselines --data DIR
python -m training.av_autoencoding card --data DIR
```

The options of this run, and what else was tried, are in `training/README.md`.
"""


def _sizes(config: Mapping[str, Any]) -> dict[str, Any]:
    seconds = config["num_frames"] * config["audio_samples_per_frame"] / config["sample_rate"]
    return {"frames": config["num_frames"], "side": config["image_size"], "seconds": seconds}


def _inputs(config: Mapping[str, Any]) -> str:
    frames, patch, samples = config["input_frames"], config["patch_size"], config["input_samples"]
    count = (config["num_frames"] // frames) * (config["image_size"] // patch) ** 2
    sounds = config["num_frames"] * config["audio_samples_per_frame"] // samples
    return (
        f"{count} of the picture, each {frames} frames of {patch} x {patch} pixels; {sounds} of the sound, each "
        f"{samples} samples and the spectrum around them; 1 of the label; all with Fourier features of their places"
    )


def _training(report: Report) -> str:
    training, seen = report.training, {}
    if "batch" in training:
        seen["clips"] = f"{int(report.curve[-1]['step']) * training['batch']:,}, {training['batch']} a batch"
    hidden = ", ".join(f"{NAMES[name]} {share:.0%}" for name, share in BLANK.items())
    recipe = {"hidden from it": hidden}
    weighed = ("video", "sound", "label")
    if set(weighed) <= training.keys():
        recipe["weights of the losses"] = ", ".join(f"{name} {training[name]}" for name in weighed)
    recipe["start"] = "each latent reads a part of the clip of its own: `training/av_start.py`"
    return training_section(training, report.curve, seen, recipe, "loss on held-out clips", muon=True) + CURVE


NAMES = {"image": "the picture", "audio": "the sound", "label": "the label"}


def _scores(report: Report, config: Mapping[str, Any]) -> str:
    rows = [("**this model**", *(_score(report.scores, name) for name in SCORES))]
    rows += [(title, *(_score(report.baselines[method], name) for name in SCORES)) for method, title in METHODS.items()]
    for title, wanted in (("the bars", report.scores["bars"]), ("aims", report.scores["aims"])):
        rows.append((title, *(_score(wanted, name) for name in SCORES)))
    numbers = config["num_latents"] * config["d_latents"]
    between = f"{report.scores['between_db']:.1f} dB above their mean color"
    return (
        f"## Scores\n\nMeans over {report.recordings[1]} clips of recordings not used in training, with the "
        f"label hidden.\nThe latents are {numbers:,} numbers. Frames half-way between two come out {between}.\n\n"
        + table(("", *SCORES.values()), rows)
        + PCA
    )


def _score(scores: Mapping[str, Any], name: str) -> str:
    if name not in scores:
        return "–"
    return f"{round(scores[name], 1) + 0.0:.1f}" if name.endswith("_db") else f"{100 * scores[name]:.1f} %"


def _precision(weights: Path, report: Report) -> str:
    if report.rounding is None:
        return precision_section(weights)
    both = zip((report.rounding, report.scores), ("as trained", "rounded"), strict=True)
    said = "; ".join(f"{name}: video {each['video_db']:.3f} dB, sound {each['sound_db']:.3f} dB" for each, name in both)
    return precision_section(weights, f"The weights {said}.")
