"""Spoken digits: which recordings are held out, and how a sound comes into its second."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.training_data import pack, tone, wav
from training import av_sounds
from training.av_sounds import ARCHIVE, RATE, SAMPLES, a_second, espeak_voices, read_recordings


def pitch(sound: np.ndarray) -> float:
    """The strongest frequency, in hertz."""
    return float(np.abs(np.fft.rfft(sound)).argmax() * RATE / len(sound))


@pytest.fixture
def archive(tmp_path):
    """Two digits by two speakers, recordings 3 to 11; the digit and the number are in the pitch."""
    recordings = {
        f"fsdd/{digit}_{speaker}_{number}.wav": wav(tone(400 + 100 * digit + 10 * number, 800))
        for digit in (0, 7)
        for speaker in ("ann", "bob")
        for number in range(3, 12)
    }
    pack(tmp_path / "spoken_digits" / ARCHIVE, recordings)
    return tmp_path


def test_what_is_held_out(archive):
    seen, held_out = read_recordings(archive)
    assert (len(seen), len(held_out)) == (2 * 2 * 4, 2 * 2 * 5)
    assert {round(pitch(sound), -1) for sound in held_out.sounds[7]} == {1150, 1160, 1170, 1180, 1190}
    assert {round(pitch(sound), -1) for sound in seen.sounds[0]} == {430, 440, 500, 510}
    assert seen.sounds[1] == ()
    assert all(np.abs(sound).max() == pytest.approx(1) for sound in seen.sounds[0])


def test_no_recordings(tmp_path):
    with pytest.raises(SystemExit, match=ARCHIVE):
        read_recordings(tmp_path)


def test_no_espeak(tmp_path, monkeypatch):
    monkeypatch.setattr(av_sounds.shutil, "which", lambda _: None)
    with pytest.raises(SystemExit, match="espeak-ng is not installed"):
        espeak_voices(tmp_path / "voices.npz")


def test_voices_are_rendered_once(tmp_path, monkeypatch):
    """Each word is one wave of espeak's own rate; silence around it goes, and 22,050 Hz become 8,000."""
    asked = []

    def run(command, **_):
        asked.append(command)
        quiet = np.zeros(2205, np.float32)
        sound = np.concatenate([quiet, tone(440, 4410, 22_050), quiet])
        return type("Done", (), {"stdout": wav(sound, 22_050)})

    monkeypatch.setattr(av_sounds, "VOICES", 3)
    monkeypatch.setattr(av_sounds.shutil, "which", lambda _: "espeak-ng")
    monkeypatch.setattr(av_sounds.subprocess, "run", run)
    voices = espeak_voices(tmp_path / "voices.npz")
    again = espeak_voices(tmp_path / "voices.npz")
    assert len(asked) == len(voices) == len(again) == 30
    assert [command[-1] for command in asked[:3]] == ["zero", "one", "two"]
    assert len({tuple(command[:-1]) for command in asked}) == 3
    sound = voices.sounds[4][2]
    assert len(sound) == pytest.approx(1600, abs=12)
    assert pitch(sound) == pytest.approx(440, abs=6)
    assert np.array_equal(again.sounds[4][2], sound)


@given(st.integers(0, 2**32 - 1), st.integers(300, 12_000))
def test_a_second_holds_the_sound_somewhere(seed, length):
    sound = tone(500, length)
    second = a_second(sound, np.random.default_rng(seed))
    assert second.shape == (SAMPLES,)
    assert second.dtype == np.float32
    assert np.abs(second).max() <= 1
    kept = sound[:SAMPLES]
    match = np.correlate(second, kept, "valid")
    share = match.max() / np.sqrt((kept**2).sum() * (second**2).sum())
    assert share > 0.95


def test_faster_and_slower():
    """The pitch goes up as the sound gets shorter, by at most the octaves that were named."""
    found = []
    for seed in range(40):
        second = a_second(tone(500, 3000), np.random.default_rng(seed), speed=0.3)
        loud = np.flatnonzero(np.abs(second) > 0.05)
        found.append((pitch(second), loud[-1] - loud[0] + 1))
    pitches, lengths = np.array(found).T
    assert pitches.min() > 500 * 2**-0.31
    assert pitches.max() < 500 * 2**0.31
    assert np.ptp(pitches) > 100
    assert pitches * lengths == pytest.approx(500 * 3000, rel=0.02)
