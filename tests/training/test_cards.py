"""Model cards: numbers of a report in tables and metadata, and what is refused or left out."""

import json
import math
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
import torch
from huggingface_hub import ModelCard

from models.perceiver.ar import PerceiverAr
from models.perceiver.ar_weights import save
from tests.tiny_models import tiny_patch_multimodal
from training import av_card, image_card, text_card
from training.av_evaluation import AIMS, BARS
from training.card import Facts, Report, write_card
from training.image_card import NAMES, order_in_words
from training.image_classification import TOKENS, VARIANTS
from training.image_classification import config as image_config
from training.text_evaluation import by_prefix, evaluate
from training.text_generation import config as text_config
from training.text_samples import PROMPTS, Sample, samples

CURVE = [{"step": 100, "train": 2.0, "seconds": 60.0}, {"step": 200, "valid": 1.234, "seconds": 119.0}]
TRAINING = {"steps": 300, "batch": 4, "rate": 0.003, "warmup": 50, "hardware": "an abacus"}
RECALL = {"whole": 0.9, "without prefix": 0.16, "without matching heads": 0.12}
SIZE = {"channels": 16, "heads": 2, "layers": 1, "context": 128, "latents": 32}


def text_model() -> PerceiverAr:
    torch.manual_seed(0)
    return PerceiverAr(text_config(**SIZE)).eval()


@pytest.fixture(scope="module")
def text_report(tmp_path_factory) -> Report:
    weights = tmp_path_factory.mktemp("text")
    save(text_model(), weights, torch.float16)
    return Report(
        weights=weights,
        curve=CURVE,
        training=TRAINING,
        scores={
            "bits_per_byte": 1.8765,
            "bytes": 1234,
            "context": 128,
            "least_context": 113,
            "seconds": 9.0,
            "recall": {name: {"letters": share, "names": share / 2, "count": 200} for name, share in RECALL.items()},
        },
        baselines={"gzip -9": 3.05, "bzip2 -9": 2.3, "xz -9e": 2.52, "5-gram": 2.41},
    )


def text_facts(report: Report, drawn: Sample = Sample("A prompt", 1, " and more.")) -> Facts:  # noqa: B008
    prefixes = {
        prefix: {"bits_per_byte": 2.5 - prefix / 100, "bytes": 600, "context": 32 + prefix, "least_context": 17}
        for prefix in (0, 32, 96)
    }
    without = {prefix: each | {"bits_per_byte": each["bits_per_byte"] + 0.1} for prefix, each in prefixes.items()}
    sizes = {"train": 45_000_000, "factbook": 2_400_000, "valid": 1234}
    return text_card.facts(report, text_config(**SIZE), sizes, {True: prefixes, False: without}, [drawn])


def image_scores(variant: str, top1: float, images: int = 5000) -> dict:
    by_class = {name: 0.1 * index for index, name in enumerate("abcdefghij")}
    return {"variant": variant, "top1": top1, "top5": 0.987, "nats": 0.654, "images": images, "top1_by_class": by_class}


@pytest.fixture(scope="module")
def image_report(tmp_path_factory) -> Callable[[str], Report]:
    folder = tmp_path_factory.mktemp("images")
    for variant, model in VARIANTS.items():
        torch.manual_seed(0)
        model(image_config(variant, tuple("abcdefghij"), 4, 1)).half().save_pretrained(folder / variant)

    def report(variant: str) -> Report:
        return Report(
            weights=folder / variant,
            curve=CURVE,
            training=TRAINING | {"coarse": 0.7},
            scores=image_scores(variant, 0.75),
            baselines={
                "pixels": {"top1": 0.401, "nats": 1.765, "images": 5000},
                "hog": {"top1": 0.567, "images": 5000},
            },
        )

    return report


def image_facts(report: Report, variant: str, **others: dict) -> Facts:
    sizes = {"train": 48_000, "held_out": 2000, "test": 5000}
    return image_card.facts(report, variant, TOKENS[variant], others, sizes)


@pytest.fixture(scope="module")
def av_report(tmp_path_factory) -> Report:
    weights = tmp_path_factory.mktemp("av")
    tiny_patch_multimodal().half().save_pretrained(weights)
    scores = {"video_db": 5.12, "video_psnr": 21.3, "sound_db": 4.56, "both": 0.912, "video_alone": 0.834}
    return Report(
        weights=weights,
        curve=CURVE,
        training=TRAINING | {"video": 1.0, "sound": 2.0, "label": 0.5},
        scores=scores | {"sound_alone": 0.701, "between_db": 4.98, "bars": BARS, "aims": AIMS, "met": True},
        baselines={name: {"video_db": 1.25, "video_psnr": 17.4, "sound_db": -0.01} for name in av_card.METHODS},
    )


def rows(facts: Facts, report: Report, folder: Path) -> dict[str, tuple[str, ...]]:
    """Cells of the tables on the card, by their first cell; a later row replaces an earlier one."""
    write_card(facts, report, [], folder)
    lines = [line for line in (folder / "card.md").read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {name: tuple(values) for name, *values in cells}


# All cards


def test_metadata_and_training(text_report, tmp_path):
    found = rows(text_facts(text_report), text_report, tmp_path)
    assert found["steps"] == ("200 of 300 planned",)
    assert found["hardware"] == ("an abacus",)
    assert found["time"] == ("2 minutes",)
    assert found["weights kept"][0].startswith("step 200: 1.234")
    assert "Muon" in found["optimizer"][0]
    data = ModelCard.load(tmp_path / "card.md").data
    (result,) = data.eval_results
    assert (result.metric_value, result.task_type) == (1.8765, "text-generation")
    assert data["weights_sha256"] == sha256((text_report.weights / "model.safetensors").read_bytes()).hexdigest()


def test_files_next_to_the_card(text_report, tmp_path):
    rows(text_facts(text_report), text_report, tmp_path)
    scores = {name: value for name, value in text_report.scores.items() if name != "seconds"}
    assert json.loads((tmp_path / "scores.json").read_text()) == scores
    assert [json.loads(line) for line in (tmp_path / "curve.jsonl").read_text().splitlines()] == CURVE
    assert (tmp_path / "curve.svg").read_text().lstrip().startswith("<?xml")


def test_unrecorded_training_is_left_out(image_report, tmp_path):
    report = replace(image_report("learned"), training={})
    found = rows(image_facts(report, "learned"), report, tmp_path)
    assert found["steps"] == ("200",)
    assert found["hardware"] == ("not recorded",)
    assert not {"images", "learning rate", "size"} & found.keys()


def test_rounding(text_report, tmp_path):
    assert "bits per byte" not in rows(text_facts(text_report), text_report, tmp_path)
    report = replace(text_report, rounding=({"bits per byte": 1.80012}, {"bits per byte": 1.80041}))
    assert rows(text_facts(report), report, tmp_path)["bits per byte"] == ("1.8001", "1.8004")


# Text generation


def test_text_scores_and_training(text_report, tmp_path):
    found = rows(text_facts(text_report), text_report, tmp_path)
    assert found["**this model**"] == ("**1.877**",)
    assert (found["`gzip -9`"], found["5-gram"]) == (("3.050",), ("2.410",))
    assert (found["0"], found["96"]) == (("17 to 32", "2.500", "2.600"), ("17 to 128", "1.540", "1.640"))
    # Cross-attention 4 x 16², MLP 8 x 16², the same for one layer, 262 embeddings; the norms and one bias; of each
    # matching head a temperature, values and outputs.
    assert found["parameters"] == (f"{2 * 12 * 256 + 262 * 16 + 6 * 32 + 16 + 3 * (1 + 2 * 16 * 64):,}",)
    assert found["windows"][0].startswith("800, 4 per batch: 25,600 ")


def test_scores_of_a_part_of_the_file_are_refused(text_report):
    with pytest.raises(SystemExit, match="1,233 bytes, valid"):
        text_facts(replace(text_report, scores=dict(text_report.scores) | {"bytes": 1233}))


def test_samples_are_quoted_verbatim(text_report):
    drawn = Sample("Said he", 7, " *no* <b> [x]\x01\n- one\n\n12. two #")
    quoted = "> **Said he** \\*no\\* \\<b\\> \\[x\\]\ufffd\n>\n> \\- one\n>\n> 12\\. two \\#"
    assert text_facts(text_report, drawn).sections["Samples"][-1] == quoted


def test_training_losses_are_drawn_in_bits(text_report):
    assert text_facts(text_report).train_scale * 2.0 == pytest.approx(2 / math.log(2))


def test_samples_follow_from_their_seeds():
    first, again = samples(text_model(), 40), samples(text_model(), 40)
    assert first == again
    assert [sample.prompt for sample in first] == list(PROMPTS)
    assert len({sample.seed for sample in first}) == len({sample.continuation for sample in first}) == 3
    # A shorter sample starts a longer one: one draw per byte.
    shorter = samples(text_model(), 10)
    assert all(long.continuation.startswith(short.continuation[:5]) for long, short in zip(first, shorter, strict=True))


def test_samples_are_what_the_model_predicts():
    """The output is tied: where only the embedding of a token comes through, the token repeats itself."""
    repeating = text_model()
    with torch.no_grad():
        for parameter in repeating.parameters():
            parameter.zero_()
        repeating.get_parameter("output_norm.weight").fill_(1)
        repeating.token_embedding.weight[ord("a") + 6 : ord("z") + 7] = 10 * torch.randn(26, 16)
    for sample in samples(repeating, 6):
        assert sample.continuation == sample.prompt[-1] * 6


def test_shorter_prefixes_score_the_same_bytes():
    text = torch.randint(97, 105, (300,), generator=torch.Generator().manual_seed(0)).to(torch.uint8).numpy()
    found = by_prefix(text_model(), text)
    assert {prefix: scores["context"] for prefix, scores in found.items()} == {0: 32, 32: 64, 96: 128}
    assert {scores["bytes"] for scores in found.values()} == {300}
    assert found[96] == evaluate(text_model(), text)
    assert found[0] == evaluate(text_model(), text, context=32)


# Image classification


@pytest.mark.parametrize("variant", VARIANTS)
def test_image_scores_and_training(variant, image_report, tmp_path):
    report = image_report(variant)
    found = rows(image_facts(report, variant), report, tmp_path)
    model = VARIANTS[variant](image_config(variant, tuple("abcdefghij"), 4, 1))
    assert found["parameters"] == (f"{sum(parameter.numel() for parameter in model.parameters()):,}",)
    assert found["inputs"][0].startswith(f"{TOKENS[variant]} x {TOKENS[variant]}, ")
    assert found["images"][0].startswith("800, 4 per batch: 0.0 ")
    assert found["**this model**"] == ("75.0%", "98.7%", "0.654")
    assert found["logistic regression on pixels"] == ("40.1%", "", "1.765")
    assert found["j"] == ("90.0%",)
    assert ("size" in found) is (variant != "conv")
    missing = next(name for name in VARIANTS if name != variant)
    assert found[f"{NAMES[missing]} (`{missing}`)"][1:] == ("", "")


@pytest.mark.parametrize(
    ("learned", "conv", "ranked", "expected"),
    [
        (0.6, 0.8, "`learned` < `fourier` < `conv`", True),
        (0.8, 0.9, "`fourier` < `learned` < `conv`", False),
        (0.6, 0.7, "`learned` < `conv` < `fourier`", False),
        (0.75, 0.9, "`learned` = `fourier` < `conv`", False),
    ],
)
def test_order_of_the_variants(learned, conv, ranked, expected):
    known = {"learned": learned, "fourier": 0.75, "conv": conv}
    text = order_in_words({variant: image_scores(variant, top1) for variant, top1 in known.items()})
    assert ranked in text
    assert ("**not**" in text) is not expected


def test_no_order_before_all_variants_have_scores():
    text = order_in_words({"fourier": image_scores("fourier", 0.75)})
    assert "<" not in text
    assert text.endswith("learned, conv.")


@pytest.mark.parametrize(("scores", "others", "pixels"), [(4999, 5000, 5000), (5000, 10_000, 5000), (5000, 5000, 500)])
def test_scores_of_other_images_are_refused(image_report, scores, others, pixels):
    report = image_report("fourier")
    baselines = {"pixels": {"top1": 0.4, "nats": 1.8, "images": pixels}, "hog": report.baselines["hog"]}
    report = replace(report, scores=image_scores("fourier", 0.75, scores), baselines=baselines)
    with pytest.raises(SystemExit, match="different numbers of images"):
        image_facts(report, "fourier", conv=image_scores("conv", 0.8, others))


def test_scores_of_another_variant_are_refused(image_report):
    report = replace(image_report("fourier"), scores=image_scores("conv", 0.75))
    with pytest.raises(SystemExit, match="The scores for fourier are those of conv"):
        image_facts(report, "fourier")


# Audio-video autoencoding


def test_av_scores_and_training(av_report, tmp_path):
    found = rows(av_card.facts(av_report, (1234, 56)), av_report, tmp_path)
    assert found["**this model**"] == ("5.1", "4.6", "91.2%", "83.4%", "70.1%")
    assert found[av_card.METHODS["pca"]] == ("1.2", "0.0", "–", "–", "–")
    assert found["required"] == ("3.0", "1.0", "85.0%", "80.0%", "50.0%")
    assert found["loss weights"] == ("video 1.0, audio 2.0, label 0.5",)
    assert found["clips"][0].startswith("800, 4 per batch")
    assert "8 of video, each 2 frames of 4 x 4 pixels; 8 of audio, each 128 samples" in found["inputs"][0]


def test_names_from_the_prefix(text_report):
    written = text_facts(text_report).sections["Names from the prefix"][-1]
    found = [[cell.strip() for cell in line.split("|")[1:-1]] for line in written.splitlines()[2:]]
    assert found == [[name, f"{100 * share:.1f}%", f"{50 * share:.1f}%"] for name, share in RECALL.items()]
    of_short_text = replace(text_report, scores=dict(text_report.scores) | {"recall": {}})
    assert "Names from the prefix" not in text_facts(of_short_text).sections
