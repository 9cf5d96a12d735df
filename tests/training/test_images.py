"""The recipe for image classification: what the models read, and how they are scored."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn
from transformers.models.perceiver.image_processing_pil_perceiver import PerceiverImageProcessorPil

from tests.training_data import CLASSES, image_files, jpeg, pack, put_images
from training import cifar, image_classification
from training.cifar import ARCHIVE, Crops, Images, hold_out, normalized, read_images
from training.image_classification import CHANNELS, COARSE, TOKENS, VARIANTS, ImageClassification, config
from training.image_scores import baselines, evaluate, scores
from training.pixel_reading import classify

CPU = torch.device("cpu")


@pytest.fixture
def data(tmp_path) -> Path:
    folder = tmp_path / "data"
    put_images(folder)
    return folder


@pytest.fixture
def archive(tmp_path) -> Path:
    pack(tmp_path / "packed" / ARCHIVE, image_files())
    return tmp_path / "packed"


@pytest.fixture
def few_held_out(monkeypatch) -> None:
    monkeypatch.setattr(cifar, "HELD_OUT", 6)


def noise(count: int, classes: int = 6) -> Images:
    """Pictures of which no two are alike anywhere, neither dark nor bright."""
    pixels = torch.randint(90, 160, (count, 3, 32, 32), dtype=torch.uint8)
    return Images(pixels, torch.arange(count) % classes, CLASSES[:classes])


# Reading


def test_images_come_in_the_order_of_their_paths(data):
    images = read_images(data, "train")
    assert images.names == CLASSES
    assert images.labels.tolist() == [index for index in range(6) for _ in range(4)]
    assert images.pixels.shape == (24, 3, 32, 32)
    assert images.pixels.dtype == torch.uint8
    cats = images.pixels[8:12].float().mean(dim=(2, 3))  # blue, and ever darker
    torch.testing.assert_close(cats[:, 2], 255 * (1 - torch.arange(4) / 20), atol=3, rtol=0)
    assert cats[:, :2].max() < 5
    assert len(read_images(data, "test")) == 12


@pytest.mark.parametrize("split", ["train", "test"])
def test_an_archive_reads_like_a_folder(data, archive, split):
    one, other = read_images(data, split), read_images(archive, split)
    assert torch.equal(one.pixels, other.pixels)
    assert torch.equal(one.labels, other.labels)
    assert one.names == other.names


def test_rows_and_columns_stay_what_they_are(tmp_path):
    picture = np.zeros((32, 32, 3), np.uint8)
    picture[:16] = 255
    (tmp_path / "test" / "ant").mkdir(parents=True)
    Image.fromarray(picture).save(tmp_path / "test" / "ant" / "0.jpg")
    pixels = read_images(tmp_path, "test").pixels[0]
    assert pixels[:, :15].min() > 240
    assert pixels[:, 17:].max() < 15


def test_what_cannot_be_read_is_said_in_a_line(tmp_path, data):
    with pytest.raises(SystemExit, match=r"neither train.* nor cifar10_jpeg\.tar\.xz"):
        read_images(tmp_path, "train")
    (data / "train" / "ant" / "0000.jpg").write_bytes(jpeg("red", size=64))
    with pytest.raises(SystemExit, match="64 x 64 pixels, not 32 x 32"):
        read_images(data, "train")


@pytest.mark.usefixtures("few_held_out")
def test_held_out_images_are_the_same_each_time_and_no_others():
    images = Images(noise(24).pixels, torch.arange(24), CLASSES)
    seen, held_out = hold_out(images)
    torch.rand(1)  # whatever is drawn in between
    again, _ = hold_out(images)
    assert len(held_out) == 6
    assert torch.equal(seen.labels, again.labels)
    assert sorted([*seen.labels.tolist(), *held_out.labels.tolist()]) == list(range(24))
    for part in (seen, held_out):
        assert torch.equal(part.pixels, images.pixels[part.labels])
        assert part.names == CLASSES
    assert held_out.labels.tolist() != sorted(held_out.labels.tolist())


def test_normalized_as_transformers_does():
    pixels = noise(1).pixels
    picture = Image.fromarray(pixels[0].permute(1, 2, 0).numpy())
    expected = PerceiverImageProcessorPil()(picture, do_center_crop=False, do_resize=False, return_tensors="pt")
    torch.testing.assert_close(normalized(pixels), expected["pixel_values"])


# Batches


def labeled_by_number(count: int) -> Images:
    """Each image's label is its own number."""
    return Images(noise(count).pixels, torch.arange(count), CLASSES)


def test_an_epoch_meets_each_image_once_and_the_next_in_another_order():
    crops = Crops(labeled_by_number(12), CPU, 4)
    first, second = (torch.cat([crops.draw(step)[1] for step in steps]).tolist() for steps in (range(3), range(3, 6)))
    assert sorted(first) == sorted(second) == list(range(12))
    assert first != second


def test_images_that_fill_no_batch_have_their_turn_in_other_epochs():
    crops = Crops(labeled_by_number(7), CPU, 3)
    epochs = [{label for step in (0, 1) for label in crops.draw(2 * epoch + step)[1].tolist()} for epoch in range(20)]
    assert all(len(epoch) == 6 for epoch in epochs)
    assert set.union(*epochs) == set(range(7))


def test_whoever_resumes_meets_the_images_that_were_to_come():
    images = labeled_by_number(12)
    straight = Crops(images, CPU, 4)
    wanted = [straight.draw(step)[1] for step in range(7)]
    torch.manual_seed(5)
    assert torch.equal(Crops(images, CPU, 4).draw(6)[1], wanted[6])


def standardised(pictures: Tensor) -> Tensor:
    """[n, 3072], each of mean 0 and length 1: what brightness and contrast leave as it is."""
    flat = pictures.double().flatten(1)
    return nn.functional.normalize(flat - flat.mean(dim=1, keepdim=True), dim=1)


def test_crops_are_shifted_and_mirrored_by_all_amounts():
    """Each is one of the 9 x 9 x 2 that can be cut from its image with four reflected pixels around it."""
    images = labeled_by_number(40)
    crops, found = Crops(images, CPU, 40), set()
    for step in range(4):
        pixels, labels = crops.draw(step)
        for picture, label in zip(pixels, labels.tolist(), strict=True):
            whole = np.pad(images.pixels[label].numpy(), ((0, 0), (4, 4), (4, 4)), mode="reflect")
            cuts = [whole[:, y : y + 32, x : x + 32] for y in range(9) for x in range(9)]
            possible = normalized(torch.from_numpy(np.stack([*cuts, *(cut[:, :, ::-1] for cut in cuts)])))
            # Undoing the normalisation, since brightness and contrast come before it.
            alike = standardised(_raw(possible)) @ standardised(_raw(picture[None]))[0]
            assert alike.max() > 1 - 1e-6
            found.add(alike.argmax().item())
    mirrored, shifts = {cut >= 81 for cut in found}, [divmod(cut % 81, 9) for cut in found]
    assert mirrored == {False, True}
    assert {down for down, _ in shifts} == {right for _, right in shifts} == set(range(9))
    assert any(down != right for down, right in shifts)


def _raw(pixels: Tensor) -> Tensor:
    """The inverse of `normalized`, 0 to 255."""
    none, all_ = normalized(torch.tensor([0, 255], dtype=torch.uint8)[:, None, None, None].expand(2, 3, 1, 1))
    return (pixels - none) / (all_ - none) * 255


def test_brightness_and_contrast_vary_by_a_fifth_and_stay_in_range():
    images = Images(noise(200).pixels, torch.arange(200), CLASSES)
    pixels, labels = Crops(images, CPU, 200, border=0).draw(0)
    before, after = images.pixels[labels].float().flatten(1), _raw(pixels).flatten(1)
    for change in (after.mean(dim=1) / before.mean(dim=1), after.std(dim=1) / before.std(dim=1)):
        assert 0.8 - 1e-3 < change.min() < 0.83
        assert 1.17 < change.max() < 1.2 + 1e-3
    extremes = Images(torch.tensor([0, 255], dtype=torch.uint8).repeat(4, 3, 32, 16), torch.zeros(4).long(), CLASSES)
    after = _raw(Crops(extremes, CPU, 4).draw(0)[0])
    assert after.min() > -0.01
    assert after.max() < 255.01


def test_too_few_images_for_a_batch_are_refused():
    with pytest.raises(SystemExit, match=r"takes 8 images; here are 7"):
        Crops(noise(7), CPU, 8)


# Scores


def test_scores_by_hand():
    """Four images of six classes: the right one is first, second, last, first."""
    logits = torch.tensor([[5.0, 4, 3, 2, 1, 0], [5, 4, 3, 2, 1, 0], [5, 4, 3, 2, 1, 0], [0, 0, math.log(5), 0, 0, 0]])
    images = Images(torch.zeros(4, 3, 32, 32, dtype=torch.uint8), torch.tensor([0, 1, 5, 2]), CLASSES)
    total = math.log(sum(math.exp(-gap) for gap in range(6)))
    found = scores(logits, images)
    assert found["top1"] == 0.5
    assert found["top5"] == 0.75
    assert found["nats"] == pytest.approx((total + (1 + total) + (5 + total) + math.log(2)) / 4, abs=1e-4)
    assert found["images"] == 4
    by_class = found["top1_by_class"]
    assert (by_class["ant"], by_class["bee"], by_class["fox"], by_class["cat"]) == (1, 0, 0, 1)


@pytest.mark.parametrize("variant", VARIANTS)
def test_scores_of_a_model_are_those_of_transformers_itself(variant):
    torch.manual_seed(0)
    model = VARIANTS[variant](config(variant, CLASSES, 4, 1)).eval()
    images = noise(7)
    with torch.inference_mode():
        logits = model(normalized(images.pixels)).logits
    found = evaluate(model, images, batch=3)
    assert found["nats"] == pytest.approx(nn.functional.cross_entropy(logits, images.labels).item(), abs=2e-4)
    assert found["top1"] == pytest.approx((logits.argmax(dim=1) == images.labels).float().mean().item(), abs=1e-4)


# Training


@pytest.mark.usefixtures("few_held_out")
@pytest.mark.parametrize("variant", VARIANTS)
def test_first_steps_train_on_smaller_images(command, data, tmp_path, variant, monkeypatch):
    """Two of three steps, in all variants except conv."""
    sides = []

    def classify_and_record(model, pixels):
        sides.append(pixels.shape[-1])
        return classify(model, pixels)

    monkeypatch.setattr(image_classification, "classify", classify_and_record)
    small = ("--latents", 4, "--layers", 1, "--batch", 4, "--steps", 3, "--coarse", 0.4)
    command(ImageClassification, "train", "--variant", variant, "--data", data, "--run", tmp_path, *small)
    assert set(sides[:2]) <= ({32} if variant == "conv" else set(COARSE))
    assert sides[2] == 32


@pytest.mark.parametrize("variant", VARIANTS)
def test_constants_describe_the_inputs(variant):
    model = VARIANTS[variant](config(variant, CLASSES, 4, 1))
    inputs, _, _ = model.perceiver.input_preprocessor(torch.zeros(1, 3, 32, 32))
    assert inputs.shape == (1, TOKENS[variant] ** 2, CHANNELS[variant])


def test_baselines_learn_colors_but_not_edges_from_plain_images(data):
    found = baselines(read_images(data, "train"), read_images(data, "test"))
    assert found["pixels"]["top1"] == 1
    assert 0 < found["pixels"]["nats"] < 0.9 * math.log(6)
    assert found["hog"]["top1"] < 0.5
    assert found["pixels"]["images"] == found["hog"]["images"] == 12


def test_baselines_learn_edges_that_pixels_do_not_show():
    """Stripes this way or that, at any place: on average all pixels are alike, and only the edges tell."""

    def stripes(count: int) -> Images:
        labels, phases = torch.arange(count) % 2, 6 * torch.rand(count, 1, 1)
        wave = (torch.sin(torch.arange(32)[None, :, None] + phases) * 100 + 127).expand(count, 32, 32)
        turned = torch.where(labels[:, None, None] == 1, wave.transpose(1, 2), wave)
        return Images(turned.to(torch.uint8)[:, None].repeat(1, 3, 1, 1), labels, ("across", "along"))

    found = baselines(stripes(60), stripes(40))
    assert found["hog"]["top1"] > 0.95 > found["pixels"]["top1"]
