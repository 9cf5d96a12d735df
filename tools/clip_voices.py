"""Words spoken by espeak-ng, and audio tracks made of sounds."""

import io
import shutil
import subprocess
import wave

import numpy as np

RATE = 44_100
WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
LOUD = 0.6
"""Peak of a word."""
HISS = 1e-3
"""Standard deviation of the noise on every track: no recording is silent."""


def spoken(digit: int, voice: str, pitch: int = 50, speed: int = 150) -> np.ndarray:
    """A word, float32 [n].

    voice, pitch (0 to 99), speed (words per minute): the options -v, -p and -s of espeak-ng.

    Raises SystemExit if espeak-ng is not installed.
    """
    program = shutil.which("espeak-ng")
    if program is None:
        raise SystemExit("The program espeak-ng is not installed. Install it to speak the digits.")
    command = [program, "-v", voice, "-p", str(pitch), "-s", str(speed), "--stdout", WORDS[digit]]
    done = subprocess.run(command, capture_output=True, check=True)  # noqa: S603
    with wave.open(io.BytesIO(done.stdout)) as file:
        rate, content = file.getframerate(), file.readframes(file.getnframes())
    return LOUD * _trimmed(_resampled(np.frombuffer(content, "<i2").astype(np.float64), rate))


def track(seconds: float, *sounds: tuple[float, np.ndarray]) -> np.ndarray:
    """float32 [seconds * RATE] of faint noise with sounds at their start times. Raises ValueError if one is cut."""
    heard = HISS * np.random.default_rng(0).standard_normal(round(seconds * RATE), dtype=np.float32)
    for start, sound in sounds:
        first = round(start * RATE)
        if first + len(sound) > len(heard):
            raise ValueError(f"a sound of {len(sound) / RATE:.2f} s from {start:.2f} s on does not fit {seconds:.2f} s")
        heard[first : first + len(sound)] += sound
    return heard


def _resampled(sound: np.ndarray, rate: int) -> np.ndarray:
    """Resampled to RATE in the frequency domain."""
    length = round(len(sound) * RATE / rate)
    return np.fft.irfft(np.fft.rfft(sound), length) * length / len(sound)


def _trimmed(sound: np.ndarray) -> np.ndarray:
    """Without leading and trailing silence, with peak 1."""
    peak = np.abs(sound).max()
    loud = np.flatnonzero(np.abs(sound) > 0.01 * peak)
    return (sound[loud[0] : loud[-1] + 1] / peak).astype(np.float32)
