"""The sound of clips, against the tones and clicks that were put in: how high, how loud, and when."""

import numpy as np
import pytest

from models.data.media.reading import open_clip
from models.data.media.sound import read_sound
from models.schema import InputError
from tests.clip_files import clip_bytes, hertz_of, tone, with_packet_lost

SECONDS = 0.48  # of twelve frames


@pytest.fixture
def kept(tmp_path):
    def keep(**options):
        (tmp_path / "clip").write_bytes(clip_bytes(**options))
        return open_clip(tmp_path / "clip")

    return keep


KINDS = {
    "AAC, 8 kHz": ("mp4", "aac", 8_000, "mono"),
    "AAC": ("mp4", "aac", 44_100, "stereo"),
    "AAC, 5.1": ("mp4", "aac", 48_000, "5.1"),
    "AC-3, 5.1": ("matroska", "ac3", 48_000, "5.1"),
    "PCM, 192 kHz": ("matroska", "pcm_f32le", 192_000, "stereo"),
    "PCM, 5.1": ("mov", "pcm_s16le", 44_100, "5.1"),
    "PCM, 11 kHz": ("avi", "pcm_s16le", 11_025, "mono"),
    "Opus": ("matroska", "libopus", 48_000, "stereo"),
}
CHANNELS = {"mono": 1, "stereo": 2, "5.1": 6}


def on(channel: int, sound: np.ndarray, layout: str) -> np.ndarray:
    """[samples, channels], silent but for one."""
    channels = np.zeros((len(sound), CHANNELS[layout]), np.float32)
    channels[:, channel] = sound
    return channels


@pytest.mark.parametrize(("kind", "codec", "rate", "layout"), KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("wanted", [8_000, 16_000, 48_000])
def test_a_tone_is_heard_as_it_was(kind, codec, rate, layout, wanted, kept):
    sound = np.tile(tone(1000, SECONDS, rate)[:, None], CHANNELS[layout])
    clip = kept(kind=kind, sound=sound, sound_codec=codec, sound_rate=rate, layout=layout)
    assert clip.sound is not None
    assert (clip.sound.sample_rate, clip.sound.channels) == (rate, CHANNELS[layout])
    heard = read_sound(clip, wanted)
    assert (heard.dtype, heard.shape) == (np.float32, (round(clip.duration * wanted),))
    middle = heard[len(heard) // 4 : -len(heard) // 4]
    assert hertz_of(middle, wanted) == pytest.approx(1000, abs=10)
    assert np.abs(middle).max() == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("wanted", [8_000, 16_000, 44_100, 192_000])
@pytest.mark.parametrize("rate", [8_000, 48_000, 192_000])
def test_a_click_is_heard_when_it_was(rate, wanted, kept):
    sound = np.zeros(round(SECONDS * rate), np.float32)
    sound[round(0.3 * rate)] = 1
    heard = read_sound(kept(kind="matroska", sound=sound, sound_codec="pcm_f32le", sound_rate=rate), wanted)
    assert np.argmax(np.abs(heard)) / wanted == pytest.approx(0.3, abs=1.5 / min(rate, wanted))


def test_a_click_is_heard_when_it_was_in_mp4(kept):
    """AAC begins before its first sample; the file says by how much."""
    sound = np.zeros(24_000, np.float32)
    sound[12_000:12_050] = 0.9
    heard = read_sound(kept(sound=sound), 48_000)
    assert np.flatnonzero(np.abs(heard) > 0.45)[0] == pytest.approx(12_000, abs=10)


def test_sound_begins_with_the_first_frame(kept):
    sound = np.zeros(48_000, np.float32)
    sound[24_000] = 1
    stamps = [300 + 40 * number for number in range(12)]
    heard = read_sound(kept(kind="matroska", stamps=stamps, sound=sound, sound_codec="pcm_f32le"), 48_000)
    assert np.argmax(heard) == pytest.approx(0.2 * 48_000, abs=48)


def test_sound_ends_with_the_last_frame(kept):
    longer, shorter = (
        read_sound(kept(kind="matroska", sound=tone(500, seconds, 48_000), sound_codec="pcm_f32le"), 16_000)
        for seconds in (1, 0.2)
    )
    assert len(longer) == len(shorter) == pytest.approx(SECONDS * 16_000, abs=16)
    assert np.abs(longer[-160:]).max() > 0.4
    assert np.abs(shorter[: 16_000 // 5 - 40]).max() > 0.4
    assert not shorter[16_000 // 5 + 40 :].any()


def test_what_is_too_high_for_the_rate_is_not_folded_back(kept):
    clip = kept(kind="matroska", sound=tone(7000, SECONDS, 48_000), sound_codec="pcm_f32le")
    assert np.abs(read_sound(clip, 8_000)[200:-200]).max() < 0.01


def test_both_sides_are_kept_apart(kept):
    both = np.stack([tone(500, SECONDS, 48_000), tone(2000, SECONDS, 48_000)], axis=1)
    clip = kept(kind="matroska", sound=both, sound_codec="pcm_f32le", layout="stereo")
    heard = read_sound(clip, 48_000, channels=2)
    assert heard.shape == (round(clip.duration * 48_000), 2)
    assert [hertz_of(heard[:, side], 48_000) for side in (0, 1)] == pytest.approx([500, 2000], abs=5)
    np.testing.assert_allclose(read_sound(clip, 48_000), heard.mean(axis=1), atol=1e-3)


def test_one_channel_is_heard_from_both_sides(kept):
    clip = kept(kind="matroska", sound=tone(500, SECONDS, 48_000), sound_codec="pcm_f32le")
    heard = read_sound(clip, 48_000, channels=2)
    np.testing.assert_array_equal(heard[:, 0], heard[:, 1])
    np.testing.assert_allclose(heard[:, 0], read_sound(clip, 48_000), atol=1e-6)


def test_surround_is_mixed_as_recommended(kept):
    """ITU-R BS.775: left' = left + 0.707 center + 0.707 left surround; then by 1 / 2.414, so that nothing clips."""
    left, right, center, low, left_back, right_back = range(6)
    weights = {
        left: (1, 0),
        right: (0, 1),
        center: (0.707, 0.707),
        low: (0, 0),
        left_back: (0.707, 0),
        right_back: (0, 0.707),
    }
    for channel, expected in weights.items():
        sound = on(channel, tone(500, SECONDS, 48_000, loud=1), "5.1")
        heard = read_sound(
            kept(kind="matroska", sound=sound, sound_codec="pcm_f32le", layout="5.1"), 48_000, channels=2
        )
        np.testing.assert_allclose(np.abs(heard).max(0), np.array(expected) / 2.414, atol=0.01)


@pytest.mark.parametrize("channels", [1, 2])
def test_all_channels_at_their_loudest_do_not_clip(channels, kept):
    sound = np.tile(tone(500, SECONDS, 48_000, loud=1)[:, None], 6)
    heard = read_sound(kept(kind="matroska", sound=sound, sound_codec="pcm_f32le", layout="5.1"), 48_000, channels)
    wave = heard.reshape(len(heard), -1)[:, 0]
    spectrum = np.abs(np.fft.rfft(wave))
    assert 0.95 < np.abs(wave).max() <= 1
    assert spectrum[round(1500 * SECONDS)] < 0.001 * spectrum.max()


@pytest.mark.parametrize("channels", [1, 2])
def test_no_sound_is_silence(channels, kept):
    heard = read_sound(kept(), 8_000, channels)
    assert heard.shape == ((3840,) if channels == 1 else (3840, 2))
    assert not heard.any()


def test_sound_that_cannot_be_decoded(tmp_path):
    path = tmp_path / "clip"
    path.write_bytes(with_packet_lost(clip_bytes(sound=tone(440, SECONDS, 48_000)), "audio", 5))
    clip = open_clip(path)
    assert clip.frames == 12
    with pytest.raises(InputError, match=r"audio .*damaged"):
        read_sound(clip, 8_000)
    path.unlink()
    with pytest.raises(InputError, match="no longer available"):
        read_sound(clip, 8_000)


def test_a_pause_in_the_sound_is_silence(kept):
    """As where a recorder was out of reach for a while: the file says so by its stamps alone."""
    heard = read_sound(kept(kind="matroska", sound=tone(1000, 0.3, 48_000), sound_codec="pcm_f32le", pause=0.1), 16_000)
    loud = [
        np.abs(heard[round(begin * 16_000) : round(end * 16_000)]).max()
        for begin, end in [(0, 0.14), (0.16, 0.24), (0.26, 0.39)]
    ]
    assert loud == pytest.approx([0.5, 0, 0.5], abs=0.02)
