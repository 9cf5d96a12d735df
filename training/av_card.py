"""Facts for the card of the demo model for audio-video autoencoding."""

from collections.abc import Mapping
from typing import Any

from training.av_clips import ESPEAK
from training.av_losses import BLANK
from training.card import Facts, Report, perceiver_architecture, table

METHODS = {
    "pca": "PCA with as many numbers as the latents",
    "mean_clip": "mean of all clips",
    "mean_color": "mean color of the clip, silence",
}
SCORES = {
    "video_db": "video, dB above the mean color of the clip",
    "sound_db": "audio, signal-to-noise ratio in dB",
    "both": "digit accuracy",
    "video_alone": "from video only",
    "sound_alone": "from audio only",
}
MODALITIES = {"image": "video", "audio": "audio", "label": "label"}
LIMITS = (
    "It has seen drawn and spoken digits and little else: faces, rooms and music come out as coarse colors, and their "
    "sound as a murmur.",
    "It has ten labels and assigns every clip to one of them.",
    "Training decodes moments between frames but no positions between pixels: predictions there are smooth and add no "
    "detail.",
)


def facts(report: Report, recordings: tuple[int, int]) -> Facts:
    """recordings: number in training, and held out."""
    scores, config = report.scores, report.config
    seconds = config["num_frames"] * config["audio_samples_per_frame"] / config["sample_rate"]
    side = config["image_size"]
    return Facts(
        title="Demo model for audio-video autoencoding",
        description=f"A small Perceiver IO that reads clips of {config['num_frames']} frames of {side} x {side} pixels "
        f"and {seconds:.2f} s of audio, reconstructs both from its latents, and classifies the digit: "
        "`PerceiverForPatchMultimodal` (`models/perceiver/patch_multimodal.py`), composed of parts of transformers and "
        "trained from scratch by the recipe `training/av_autoencoding.py`.",
        task="audio-video-autoencoding",
        dataset="moving and spoken digits",
        metrics={"video PSNR": scores["video_psnr"], "audio SNR": scores["sound_db"], "accuracy": scores["both"]},
        architecture=perceiver_architecture(config, _inputs(config), _decoder(config)),
        data=_data(recordings),
        training=_training(report),
        kept_by="loss on held-out clips",
        quantity="loss",
        curve_note="The loss is the sum of the video error relative to the mean color, the audio error relative to "
        "silence, and the cross-entropy of the label. The validation adds up the same on held-out clips, with masked "
        "labels, which are predicted from both modalities and from each.",
        scores=_scores(report, recordings[1]),
        limits=LIMITS,
        compared_on="on the clips of the scores",
    )


def _inputs(config: Mapping[str, Any]) -> str:
    frames, patch, samples = config["input_frames"], config["patch_size"], config["input_samples"]
    video = (config["num_frames"] // frames) * (config["image_size"] // patch) ** 2
    audio = config["num_frames"] * config["audio_samples_per_frame"] // samples
    return (
        f"{video} of video, each {frames} frames of {patch} x {patch} pixels; {audio} of audio, each {samples} samples "
        "and the spectrum around them; 1 of the label; all with Fourier features of their positions"
    )


def _decoder(config: Mapping[str, Any]) -> str:
    return (
        "1 cross-attention layer with a residual: a query is the Fourier features of a position; each predicts a patch "
        f"of {config['patch_size']} x {config['patch_size']} pixels of one frame, {config['samples_per_patch']} "
        "samples, or the label"
    )


def _data(recordings: tuple[int, int]) -> tuple[str, ...]:
    return (
        "Clips generated during training and never repeated: a digit with a random font, color, size and path on a "
        f"background with other shapes, and the same digit spoken. {recordings[0]:,} recordings of the *Free Spoken "
        f"Digit Dataset* (CC BY-SA 4.0) are the audio of {1 - ESPEAK:.0%} of the clips, at varied speed; voices of "
        f"espeak-ng are the audio of the others. The clips of the scores use {recordings[1]} other recordings, with "
        "indices that training does not use, and an animation each. The repository holds only the weights.",
    )


def _training(report: Report) -> dict[str, str]:
    training, rows = report.training, {}
    if report.examples:
        rows["clips"] = f"{report.examples:,}, {training['batch']} per batch"
    rows["masked inputs"] = ", ".join(f"{MODALITIES[name]} {share:.0%}" for name, share in BLANK.items())
    weights = {"video": "video", "sound": "audio", "label": "label"}
    if set(weights) <= training.keys():
        rows["loss weights"] = ", ".join(f"{name} {training[option]}" for option, name in weights.items())
    return rows | {"initialization": "each latent reads its own part of the clip: `training/av_start.py`"}


def _scores(report: Report, clips: int) -> tuple[str, ...]:
    methods = {
        "**this model**": report.scores,
        **{title: report.baselines[method] for method, title in METHODS.items()},
        "required": report.scores["bars"],
        "aimed for": report.scores["aims"],
    }
    rows = [(title, *(_score(each, name) for name in SCORES)) for title, each in methods.items()]
    numbers = report.config["num_latents"] * report.config["d_latents"]
    text = (
        f"Means over {clips} clips with recordings that training does not use, with masked labels. The latents are "
        f"{numbers:,} numbers. Frames halfway between two input frames are {report.scores['between_db']:.1f} dB above "
        "their mean color."
    )
    pca = (
        "PCA of blocks of 8 frames x 8 x 8 pixels, and of 256 samples, reconstructs clips of this kind better than the "
        "model: fitted on 512 of them, it spends all its numbers on colors and samples. It neither classifies nor "
        "predicts positions in between."
    )
    return text, table(("", *SCORES.values()), rows), pca


def _score(scores: Mapping[str, Any], name: str) -> str:
    if name not in scores:
        return "–"
    return f"{round(scores[name], 1) + 0.0:.1f}" if name.endswith("_db") else f"{scores[name]:.1%}"
