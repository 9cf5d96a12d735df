"""Does a model spell a name that it can only know from its prefix?"""

import re

import numpy as np
import torch

from models.perceiver.ar import PerceiverAr
from models.tasks.byte_tokens import FIRST_BYTE
from training.made_up_names import LONGEST, made_up_name
from training.progress import reported
from training.text_evaluation import WINDOWS_AT_ONCE

NAMES = 200
GIVEN = 3
"""Letters of a name that the model is given."""
DISTANCES = (300, 700)
"""Fewest and most bytes of text between the two places of a name."""
BARS = {"letters": 0.85, "names": 0.6}
"""What was required before the training."""


def recalled(model: PerceiverAr, text: np.ndarray) -> dict[str, dict]:
    """`recall` with all that the model has, without a prefix, and without matching heads; {} for a short text."""
    questions = questions_about(text.tobytes(), model.config.max_seq_len + 1)
    if not questions:
        return {}
    whole = recall(model, questions)
    whole |= {"met": {name: whole[name] >= bar for name, bar in BARS.items()}, "bar": BARS}
    return {
        "whole": whole,
        "without prefix": recall(model, questions, prefix=0),
        "without matching heads": recall(model, questions, matching=False),
    }


@torch.inference_mode()
def recall(
    model: PerceiverAr, questions: list[tuple[bytes, bytes]], *, prefix: int | None = None, matching: bool = True
) -> dict:
    """Letters and whole names that are the model's first choice, as shares, after the first GIVEN letters.

    questions: windows and names, as `questions_about` gives them. prefix: most tokens before the latents, by default
    the model's. matching: as in `PerceiverAr.latents`.
    """
    config, device = model.config, next(model.parameters()).device
    longest = config.max_latents + (config.max_prefix if prefix is None else prefix)
    letters: list[np.ndarray] = []
    parts = [questions[at : at + WINDOWS_AT_ONCE] for at in range(0, len(questions), WINDOWS_AT_ONCE)]
    for part in reported(parts, len(parts), f"recall, {WINDOWS_AT_ONCE} names at once"):
        ids = torch.tensor([list(window) for window, _ in part], device=device)[:, -longest - 1 :] + FIRST_BYTE
        latents = model.latents(ids[:, :-1], max(0, ids.shape[1] - 1 - config.max_latents), matching=matching)
        right = (model.predict(latents).argmax(dim=-1) == ids[:, -latents.shape[1] :]).cpu().numpy()
        letters += [row[len(row) - len(name) + GIVEN :] for row, (_, name) in zip(right, part, strict=True)]
    return {
        "letters": float(np.concatenate(letters).mean()),
        "names": float(np.mean([each.all() for each in letters])),
        "count": len(letters),
    }


def questions_about(text: bytes, length: int, seed: int = 0) -> list[tuple[bytes, bytes]]:
    """NAMES windows of `length` bytes, each with the made-up name at its end, which occurs once before.

    None if the text is too short for such a window.
    """
    rng = np.random.default_rng(seed)
    spaces = np.array([match.start() for match in re.finditer(rb"(?<=[a-z]) ", text)])
    found: list[tuple[bytes, bytes]] = []
    ends = spaces[spaces > max(length, DISTANCES[1] + LONGEST)]
    if not len(ends):
        return found
    for _ in range(NAMES):
        end, distance = int(rng.choice(ends)), rng.integers(*DISTANCES, endpoint=True)
        name = made_up_name(rng)
        first = int(spaces[np.searchsorted(spaces, end - distance)])
        window = text[end - length : first] + b" " + name + text[first:end] + b" " + name
        found.append((window[-length:], name))
    return found
