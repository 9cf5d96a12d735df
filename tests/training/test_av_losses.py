"""Targets, losses, scores and baselines of audio-video autoencoding."""

import pytest
import torch

from models.perceiver.engine import encode
from models.perceiver.patch_multimodal import PerceiverForPatchMultimodal, patch_multimodal_config
from models.perceiver.provenance import decoder_rows, encoder_rows
from training import av_losses
from training.av_baselines import by_components, frames_of, video_blocks
from training.av_clips import Clips
from training.av_evaluation import blanked, evaluate, mean_color, psnr, snr
from training.av_losses import sound_targets, video_targets
from training.av_start import multimodal_start

CONFIG = patch_multimodal_config()


def clips(count: int = 2, between: int = 2) -> Clips:
    draw = torch.Generator().manual_seed(0)
    return Clips(
        frames=torch.rand(count, 16, 3, 48, 48, generator=draw),
        between=torch.rand(count, between, 3, 48, 48, generator=draw),
        between_times=torch.tensor([4.5, 0.5][:between]),
        sound=torch.rand(count, 8192, 1, generator=draw) - 0.5,
        digits=torch.arange(count) % 10,
    )


@pytest.mark.parametrize("seed", range(8))
def test_video_targets_are_patches_of_the_frames(seed):
    """The patch around a place, cut out of the frame of that time; drawn until both kinds of grids have come."""
    torch.manual_seed(seed)
    made = clips()
    targets = video_targets(made, CONFIG).some(0.1)
    frames = dict(zip([*range(16), 4.5, 0.5], [*made.frames[1], *made.between[1]], strict=True))
    for place, values in zip(targets.places.tolist(), targets.values[1], strict=True):
        time, top, left = place[0] * 16 - 0.5, round(place[1] * 48 - 4), round(place[2] * 48 - 4)
        frame = frames[round(2 * time) / 2]
        assert torch.equal(values, frame[:, top : top + 8, left : left + 8].flatten())


@pytest.mark.parametrize("seed", range(8))
def test_sound_targets_are_samples(seed):
    torch.manual_seed(seed)
    sound = clips().sound
    targets = sound_targets(sound, CONFIG)
    for place, values in zip(targets.places[:, 0].tolist(), targets.values[0], strict=True):
        first = round(place * 8192 - 128)
        assert torch.equal(values, sound[0, first : first + 256, 0])


def test_some_are_hidden():
    torch.manual_seed(0)
    seen = av_losses._seen(4000, torch.device("cpu"))
    hidden = {name: 1 - values.mean().item() for name, values in seen.items()}
    assert hidden == pytest.approx(av_losses.BLANK, abs=0.03)
    assert (seen["image"] + seen["audio"]).min() == 1


def test_losses_of_the_mean_color_and_of_silence(monkeypatch):
    """Whoever answers so is wrong by all there is to be told, whatever was hidden."""
    made = clips(4, between=0)
    colors = torch.rand(4, 1, 3, 1, 1)
    made.frames.sub_(mean_color(made.frames).clone()).add_(colors)
    patch = colors.expand(4, 1, 3, 8, 8).flatten(1)[:, None]

    def answer(model, encoded, wanted):
        return {
            "image": patch.expand(-1, len(wanted["image"]), -1),
            "audio": torch.zeros(4, 256 * len(wanted["audio"])),
            "label": torch.zeros(4, 10),
        }

    monkeypatch.setattr(av_losses, "encode", lambda model, inputs: inputs)
    monkeypatch.setattr(av_losses, "decode", answer)
    losses = av_losses.clip_losses(type("Model", (), {"config": CONFIG}), made, share=0.5)
    assert (losses["image"].item(), losses["audio"].item()) == pytest.approx((1, 1), rel=0.02)
    assert losses["label"].item() == pytest.approx(2.302585, rel=1e-4)


def test_what_was_hidden_hardly_counts():
    weighted = av_losses._weighted(torch.tensor([0.5, 4.0]), torch.tensor([1.0, 0.0]))
    assert weighted.item() == pytest.approx((0.5 + 0.05 * 4) / 1.05)


def test_scores_of_known_answers():
    made = clips(10)
    truth = {"image": torch.cat([made.frames, made.between], dim=1), "audio": made.sound, "label": torch.eye(10)}

    def named(inputs):
        return torch.eye(10) if inputs["audio"].any() else torch.eye(10).roll(1, dims=1)

    perfect = evaluate(lambda inputs, times: truth, named, made)
    assert (perfect["both"], perfect["video_alone"], perfect["sound_alone"]) == (1, 0, 1)
    assert perfect["video_psnr"] == pytest.approx(100)
    assert perfect["between_db"] > 80
    assert perfect["sound_db"] > 80
    dull = truth | {"image": mean_color(truth["image"]), "audio": 0.5 * truth["audio"]}
    found = evaluate(lambda inputs, times: dull, named, made.first(10))
    assert found["sound_db"] == pytest.approx(6.0206, abs=1e-3)
    assert "between_db" not in found


def test_decibels():
    frames = torch.full((1, 1, 3, 2, 2), 0.5)
    assert psnr(frames + 0.1, frames).item() == pytest.approx(20, abs=1e-3)
    assert psnr(frames + 7, frames).item() == pytest.approx(6.0206, abs=1e-3)  # as shown: no brighter than white
    sound = torch.ones(1, 8, 1)
    assert snr(sound + 0.1, sound).item() == pytest.approx(20, abs=1e-3)
    assert snr(0 * sound, sound).item() == 0


def test_blanked_is_silence():
    inputs = clips().inputs
    found = blanked(inputs, "audio", "label")
    assert found["image"] is inputs["image"]
    assert not found["audio"].any()
    assert not found["label"].any()


def test_blocks_and_back():
    frames = clips().frames
    blocks = video_blocks(frames)
    assert blocks.shape == (2, 2 * 6 * 6, 8 * 3 * 8 * 8)
    assert torch.equal(blocks[1, 36 + 6 + 2], frames[1, 8:, :, 8:16, 16:24].flatten())
    assert torch.equal(frames_of(blocks), frames)


def test_components_rebuild_what_varies_along_them():
    """Clips that differ in one pattern alone need one number a block; one component cannot tell two."""
    amounts = torch.randn(20, 1, 1, 1, 1)
    made = clips(20)
    patterned = Clips(
        0.5 + 0.1 * amounts * made.frames[:1], made.between, made.between_times, amounts[..., 0, 0] * made.sound[:1],
        made.digits,
    )  # fmt: skip
    frames, sound = by_components(patterned, patterned, 104 * 88)
    assert (frames - patterned.frames).abs().max() < 1e-3
    assert (sound - patterned.sound).abs().max() < 1e-2
    frames, _ = by_components(made, made, 104)
    assert (frames - made.frames).abs().max() > 0.1


def test_latents_begin_by_reading_their_own_part():
    """Most of what a head of a latent with a place reads is the one input of its moment."""
    torch.manual_seed(0)
    model = PerceiverForPatchMultimodal(CONFIG).eval()
    multimodal_start(model)
    with torch.no_grad():
        encoded = encode(model, {name: values[:1] for name, values in clips().inputs.items()})
        for head in range(4):
            read = encoder_rows(model, encoded, head=head)
            # Latents: (2, 6, 6) of the video, 32 of the sound. Inputs: 128 of sound, then (8, 6, 6) of video.
            video = read[:72, 128:416].unflatten(1, (8, 36))
            for time in (0, 1):
                own = video[36 * time : 36 * (time + 1), 4 * time + head].diagonal()
                assert own.mean() > 0.7
            assert read[72:104, head:128:4].diagonal().mean() > 0.7
        rows = decoder_rows(model, encoded, {"image": torch.arange(576), "audio": torch.arange(32), "label": None})
        assert rows[:32, 72:104].diagonal().mean() > 0.5
        for time in (0, 5, 10, 15):
            own = rows[32 + 36 * time : 32 + 36 * (time + 1), 36 * (time // 8) :][:, :36].diagonal()
            assert own.mean() > 0.4
