"""Facts for the card of the demo model for optical flow."""

from collections.abc import Mapping
from typing import Any

from training.card import Facts, Report, perceiver_architecture, table

NAMES = {
    "zero": "no motion",
    "farneback": "Farnebäck (OpenCV)",
    "dis": "DIS, medium (OpenCV)",
    "tvl1": "TV-L1 (scikit-image)",
}
LIMITS = (
    "It learned from flat layers that move: in its training data nothing bends, and no light or shadow moves.",
    "It loses small objects that move fast, since it estimates large motions at low resolution, like every "
    "coarse-to-fine method.",
    "It guesses where there is no texture, and in occluded regions.",
)


def facts(report: Report, photographs: Mapping[str, int]) -> Facts:
    """photographs: number in "train" and in "held_out"."""
    scores, training = report.scores, {}
    if report.examples:
        training["scenes"] = f"{report.examples:,}, {report.training['batch']} per batch; each gives two tiles"
    training["initialization"] = "linear layers with standard deviation fan_in^-0.5, the last one a tenth of it"
    return Facts(
        title="Demo model for optical flow",
        description="A small Perceiver IO that estimates where each pixel of a frame is in the next one: "
        "`PerceiverForPatchFlow` (`models/perceiver/patch_flow.py`), composed of parts of transformers and trained "
        "from scratch by the recipe `training/optical_flow.py`. It reads tiles of both frames and sees motions of a "
        "few pixels. Frames are therefore read at low resolution first, then at twice the resolution each time, with "
        "the second frame warped back by the flow so far.",
        task="optical-flow",
        dataset="Middlebury",
        metrics={"end-point error": scores["middlebury"]["epe"]},
        architecture=perceiver_architecture(
            report.config,
            inputs=_inputs(report.config),
            decoder="1 cross-attention layer with a residual: each input is the query of its own patch",
        ),
        data=_data(photographs),
        training=training,
        kept_by="pixels of end-point error on the synthetic scenes of the scores",
        quantity="end-point error in pixels",
        levels={NAMES[name]: report.baselines[name]["synthetic"]["epe"] for name in ("zero", "farneback")},
        curve_note="The training loss is the sum of two errors, at half the size and at full size.",
        scores=_scores(report),
        limits=LIMITS,
        compared_on="on the synthetic scenes",
    )


def _inputs(config: Mapping[str, Any]) -> str:
    (height, width), patch, window = config["train_size"], config["patch_size"], config["window_size"]
    return (
        f"{height // patch} x {width // patch}, one for each patch of {patch} x {patch} pixels: a window of {window} x "
        f"{window} pixels of both frames, and Fourier features of its position"
    )


def _data(photographs: Mapping[str, int]) -> tuple[str, ...]:
    return (
        "Synthetic scenes, generated during training and never repeated, whose flow is known exactly: layers of "
        "textures in various shapes, each with its own affine motion of hundredths of a pixel to 8 pixels; with "
        "occlusion, changes of brightness, and noise. The textures are noise at several scales and photographs of "
        f"*clothing-dataset-small* (CC0): {photographs['train']:,} of them in training, {photographs['held_out']:,} "
        "others in the synthetic scenes of the scores. The repository holds only the weights.",
        "Middlebury (S. Baker et al., *A Database and Evaluation Methodology for Optical Flow*, 2011) is used only for "
        "scores.",
    )


def _scores(report: Report) -> tuple[str, ...]:
    methods = {"**this model**": report.scores, **{NAMES[name]: report.baselines[name] for name in NAMES}}
    scenes, bars = tuple(report.scores["middlebury"]["pairs"]), report.scores["bars"]
    rows = [
        (
            name,
            *(f"{each[part]['epe']:.3f}" for part in ("synthetic", "middlebury")),
            *(f"{each['middlebury']['pairs'][scene]:.3f}" for scene in scenes),
        )
        for name, each in methods.items()
    ]
    text = (
        "Mean end-point error (EPE), the distance between estimated and true flow, in pixels. Synthetic: "
        f"{report.scores['synthetic']['pairs']} scenes of 128 x 128 pixels, which also chose the weights. Middlebury: "
        f"real scenes, which chose nothing. Required were at most {bars['synthetic']:.3f} (Farnebäck's error) and "
        f"{bars['middlebury']:.3f} (45% of the error of no motion)."
    )
    return text, table(("", "synthetic", "Middlebury", *scenes), rows)
