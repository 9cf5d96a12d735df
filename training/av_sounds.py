"""Spoken digits for the clips: recordings and voices of espeak-ng, placed within a second of audio."""

import io
import shutil
import subprocess
import tarfile
import wave
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from training.progress import reported

ARCHIVE = "fsdd_train.tar.xz"
RATE = 8_000
SAMPLES = 8_192
"""Samples of a clip: 16 frames of 512 samples, 1.024 s."""
HELD_OUT = range(5, 10)
"""Indices of recordings per speaker and digit that training does not use."""
VOICES = 72
"""Number of voices of espeak-ng; each speaks every digit once."""
ACCENTS = ("en-us", "en-gb", "en-gb-scotland", "en-gb-x-rp", "en-gb-x-gbclan", "en-gb-x-gbcwmd", "en-029", "en-us-nyc")
VARIANTS = ("m1", "f1", "m2", "f2", "m3", "f3", "m4", "f4", "m5", "f5", "m6", "klatt", "m7", "croak", "m8")
NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


@dataclass(frozen=True, slots=True)
class Spoken:
    """sounds: recordings of each digit, float32 [n] with peak 1, at RATE."""

    sounds: tuple[tuple[np.ndarray, ...], ...]

    def __len__(self) -> int:
        return sum(map(len, self.sounds))


def read_recordings(data: Path) -> tuple[Spoken, Spoken]:
    """(training recordings, HELD_OUT recordings), from ARCHIVE in `data` or in data/spoken_digits."""
    found = [path for folder in (data, data / "spoken_digits") if (path := folder / ARCHIVE).is_file()]
    if not found:
        raise SystemExit(f"{data} holds neither {ARCHIVE} nor spoken_digits/{ARCHIVE}")
    seen, held_out = [[] for _ in NAMES], [[] for _ in NAMES]
    with tarfile.open(found[0]) as archive:
        members = sorted((member for member in archive if member.name.endswith(".wav")), key=lambda member: member.name)
        for member in members:
            digit, _, number = Path(member.name).stem.split("_")
            kept = held_out if int(number) in HELD_OUT else seen
            if content := archive.extractfile(member):
                kept[int(digit)].append(_trimmed(_read_wave(content.read())))
    return _spoken(seen), _spoken(held_out)


def espeak_voices(cache: Path, seed: int = 0) -> Spoken:
    """Every digit in VOICES voices of espeak-ng, each with its own pitch and speed; rendered once, then cached."""
    if not cache.exists():
        if shutil.which("espeak-ng") is None:
            raise SystemExit(
                "The program espeak-ng is not installed. Install it to speak a part of the training digits."
            )
        generator = np.random.default_rng(seed)
        voices = [
            (ACCENTS[voice % len(ACCENTS)], VARIANTS[voice % len(VARIANTS)], *generator.integers((20, 110), (80, 210)))
            for voice in range(VOICES)
        ]
        rendered = {
            f"{voice}_{digit}": _speak(name, *how)
            for voice, how in enumerate(reported(voices, len(voices), "voices"))
            for digit, name in _named()
        }
        cache.parent.mkdir(parents=True, exist_ok=True)
        np.savez(cache, **rendered)
    with np.load(cache) as kept:
        return _spoken([[kept[f"{voice}_{digit}"] for voice in range(VOICES)] for digit in range(len(NAMES))])


def a_second(sound: np.ndarray, generator: np.random.Generator, speed: float = 0.0) -> np.ndarray:
    """The recording at a random position in a second of faint noise: float32 [SAMPLES] within -1 and 1.

    speed: largest change of speed in octaves. Longer recordings are cut.
    """
    if speed:
        factor = 2 ** generator.uniform(-speed, speed)
        sound = _resampled(sound, round(len(sound) * factor))
    sound = sound[:SAMPLES]
    noise = generator.standard_normal(SAMPLES, dtype=np.float32) * np.float32(10 ** generator.uniform(-3.5, -2.3))
    start = generator.integers(0, SAMPLES - len(sound) + 1)
    noise[start : start + len(sound)] += sound * np.float32(2 ** generator.uniform(-2.5, -0.1))
    return noise.clip(-1, 1)


def _named() -> enumerate:
    return enumerate(NAMES)


def _speak(name: str, accent: str, variant: str, pitch: int, speed: int) -> np.ndarray:
    command = ["espeak-ng", "-v", f"{accent}+{variant}", "-p", str(pitch), "-s", str(speed), "--stdout", name]
    done = subprocess.run(command, capture_output=True, check=True)  # noqa: S603
    return _trimmed(_read_wave(done.stdout))


def _read_wave(content: bytes) -> np.ndarray:
    """float32 [n] at RATE, from 16-bit mono. The length in the header of espeak-ng is wrong and ignored."""
    with wave.open(io.BytesIO(content)) as file:
        rate = file.getframerate()
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float32) / 2**15
    return _resampled(samples, round(len(samples) * RATE / rate))


def _resampled(sound: np.ndarray, length: int) -> np.ndarray:
    """To `length` samples: means when it shrinks, linear interpolation when it grows."""
    if length == len(sound):
        return sound
    how = cv2.INTER_AREA if length < len(sound) else cv2.INTER_LINEAR
    return cv2.resize(sound[None], (length, 1), interpolation=how)[0]


def _trimmed(sound: np.ndarray) -> np.ndarray:
    """Without leading and trailing silence, with peak 1."""
    sound = sound - sound.mean()
    peak = np.abs(sound).max()
    loud = np.flatnonzero(np.abs(sound) > 0.03 * peak)
    return (sound[loud[0] : loud[-1] + 1] / peak).astype(np.float32)


def _spoken(sounds: list[list[np.ndarray]]) -> Spoken:
    return Spoken(tuple(map(tuple, sounds)))
