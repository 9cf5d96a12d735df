"""The card of the text model: what it says of scores, context and training, and the samples as they were drawn."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from models.perceiver.ar import PerceiverAr
from models.perceiver.ar_weights import save
from training.text_card import Report, write_card
from training.text_evaluation import by_prefix, evaluate
from training.text_generation import config
from training.text_samples import PROMPTS, Sample, samples

pytestmark = pytest.mark.usefixtures("one_thread")

SIZE = {"channels": 16, "heads": 2, "layers": 1, "context": 128, "latents": 32}
SCORES = {"bits_per_byte": 1.8765, "bytes": 1234, "context": 128, "least_context": 113, "seconds": 9.0}


def model() -> PerceiverAr:
    torch.manual_seed(0)
    return PerceiverAr(config(**SIZE)).eval()


@pytest.fixture(scope="module")
def weights(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("weights")
    save(model(), folder, torch.float16)
    return folder


def report(**changes) -> Report:
    made = Report(
        curve=[{"step": 100, "train": 2.0, "seconds": 60.0}, {"step": 200, "valid": 2.345, "seconds": 9000.0}],
        training={"steps": 300, "batch": 4, "rate": 0.003, "warmup": 50},
        scores=SCORES,
        baselines={"gzip -9": 3.05, "bzip2 -9": 2.3, "xz -9e": 2.52, "5-gram": 2.41},
        by_prefix={
            prefix: {"bits_per_byte": 2.5 - prefix / 100, "bytes": 600, "context": 32 + prefix, "least_context": 17}
            for prefix in (0, 32, 96)
        },
        data={"train": 45_000_000, "factbook": 2_400_000, "valid": 1234},
        samples=[Sample("A prompt", 1, " and more.")],
        rounding=None,
    )
    return replace(made, **changes)


def card(made: Report, weights: Path, folder: Path) -> str:
    write_card(made, weights, folder)
    return (folder / "card.md").read_text(encoding="utf-8")


def test_scores_beside_programs_and_counting(weights, tmp_path):
    said = card(report(), weights, tmp_path)
    assert "over all 1,234 bytes of `valid.txt`, each predicted once, from the\n113 to 128 tokens" in said
    for line in (
        "| **this model** | **1.877** |",
        "| `gzip -9` | 3.050 |",
        "| `xz -9e` | 2.520 |",
        "| 5-gram | 2.410 |",
    ):
        assert line in said
    assert "The same 600 bytes" in said
    assert "| 0 | 17 to 32 | 2.500 |" in said
    assert "| 96 | 17 to 128 | 1.540 |" in said


def test_scores_of_a_part_of_the_file_are_refused(weights, tmp_path):
    with pytest.raises(SystemExit, match="1,233 bytes, valid"):
        write_card(report(scores=SCORES | {"bytes": 1233}), weights, tmp_path)


def test_what_it_is_and_how_it_was_trained(weights, tmp_path):
    said = card(report(), weights, tmp_path)
    # Cross-attention 4 x 16², MLP 8 x 16², the same for one layer, 262 embeddings; the norms and one bias.
    assert f"| parameters | {2 * 12 * 256 + 262 * 16 + 6 * 32 + 16:,} |" in said
    assert "| context | 128 tokens: up to 96 of prefix, then up to 32 latents |" in said
    assert "| windows | 800, 4 a batch: 25,600 bytes to predict |" in said
    assert "at most 64 bytes at first, more in proportion to the steps, 96 from their middle on" in said
    assert "| left out of the prefix | 10%" in said
    assert "| time | 150 minutes |" in said
    assert "step 200: 2.345 bits per byte" in said
    assert "bytes to predict" not in card(report(training={}), weights, tmp_path)


def test_rounding(weights, tmp_path):
    assert "as trained take" not in card(report(), weights, tmp_path)
    assert "as trained take 1.8001 bits each, the rounded ones 1.8004." in card(
        report(rounding=(1.8001, 1.8004)), weights, tmp_path
    )


def test_samples_stand_as_they_were_drawn(weights, tmp_path):
    drawn = Sample("Said he", 7, " *no* <b> [x]\x01\n- one\n\n12. two #")
    said = card(report(samples=[drawn]), weights, tmp_path)
    shown = "> **Said he** \\*no\\* \\<b\\> \\[x\\]\ufffd\n>\n> \\- one\n>\n> 12\\. two \\#\n"
    assert f"Seed 7:\n\n{shown}" in said


def test_kept_files(weights, tmp_path):
    card(report(), weights, tmp_path)
    assert json.loads((tmp_path / "scores.json").read_text()) == {k: v for k, v in SCORES.items() if k != "seconds"}
    assert (tmp_path / "curve.svg").read_text().lstrip().startswith("<?xml")
    assert json.loads((tmp_path / "curve.jsonl").read_text().splitlines()[0])["train"] == 2.0


def test_samples_follow_from_their_seeds():
    first, again = samples(model(), 40), samples(model(), 40)
    assert first == again
    assert [sample.prompt for sample in first] == list(PROMPTS)
    assert len({sample.seed for sample in first}) == len({sample.written for sample in first}) == 3
    # The fewer bytes are the first of the more: one draw a byte.
    assert all(more.written.startswith(few.written[:5]) for more, few in zip(first, samples(model(), 10), strict=True))


def test_samples_are_what_the_model_expects():
    """The output is tied: where nothing but a token's own embedding comes through, it is followed by itself."""
    repeating = model()
    with torch.no_grad():
        for parameter in repeating.parameters():
            parameter.zero_()
        repeating.get_parameter("output_norm.weight").fill_(1)
        repeating.token_embedding.weight[ord("a") + 6 : ord("z") + 7] = 10 * torch.randn(26, 16)
    for sample in samples(repeating, 6):
        assert sample.written == sample.prompt[-1] * 6


def test_less_prefix_scores_the_same_bytes():
    text = torch.randint(97, 105, (300,), generator=torch.Generator().manual_seed(0)).to(torch.uint8).numpy()
    found = by_prefix(model(), text)
    assert {prefix: scores["context"] for prefix, scores in found.items()} == {0: 32, 32: 64, 96: 128}
    assert {scores["bytes"] for scores in found.values()} == {300}
    assert found[96] == evaluate(model(), text)
    assert found[0] == evaluate(model(), text, context=32)
