"""The recipe for masked bytes: what the model reads, and how it is scored."""

import numpy as np
import pytest
import torch
from transformers import PerceiverConfig, PerceiverForMaskedLM

from tests.training_data import repeated_letters
from training.byte_batches import MAX_QUERIES, TOKENS, Batches, tokenized
from training.byte_evaluation import baselines, evaluate, evaluation_windows
from training.loop import Run, Schedule, fit
from training.masked_bytes import batch_loss, config
from training.structured_start import structured_start

CPU = torch.device("cpu")


def lines_of_one_letter(seed: int) -> np.ndarray:
    """Every neighbor predicts the masked byte."""
    return repeated_letters(seed, 200)


def tiny_model(seed: int = 0) -> PerceiverForMaskedLM:
    torch.manual_seed(seed)
    model = PerceiverForMaskedLM(
        PerceiverConfig(
            num_latents=64,
            d_latents=64,
            d_model=64,
            num_blocks=1,
            num_self_attends_per_block=1,
            num_self_attention_heads=2,
            num_cross_attention_heads=2,
            qk_channels=64,
            v_channels=64,
            self_attention_widening_factor=1,
            attention_probs_dropout_prob=0.0,
            max_position_embeddings=514,
        )
    )
    structured_start(model)
    return model


@pytest.mark.parametrize("all_hidden", [False, True])
def test_tokenized_is_cls_bytes_sep_and_padding(all_hidden):
    text = torch.randint(0, 256, (3, 512), dtype=torch.uint8)
    lengths = torch.tensor([8, 200, 512])
    mask = (torch.rand(3, 512) < 0.1) & (torch.arange(512) < lengths[:, None])
    mask[:, 3] = True
    batch = tokenized(text, lengths, mask, all_hidden=all_hidden)
    for row, length in enumerate(lengths.tolist()):
        shown = [4, *(int(byte) + 6 for byte in text[row, :length]), 5]
        assert batch.targets[row].tolist() == shown + [0] * (514 - len(shown))
        assert batch.readable[row].sum() == length + 2
        hidden = (mask[row].nonzero()[:, 0] + 1).tolist()
        expected = batch.targets[row].clone()
        expected[hidden] = TOKENS.mask_token_id
        assert torch.equal(batch.ids[row], expected)
        asked = batch.positions[row][batch.counts[row]].tolist()
        assert (asked if all_hidden else sorted(asked)) == hidden
    assert all_hidden or batch.positions.shape == (3, MAX_QUERIES)


def test_tokenized_agrees_with_the_tokenizer_of_transformers():
    sentence = "Café at nine."
    raw = np.frombuffer(sentence.encode(), np.uint8)
    text = torch.from_numpy(np.pad(raw, (0, 512 - len(raw))))[None]
    batch = tokenized(text, torch.tensor([len(raw)]), torch.zeros(1, 512, dtype=torch.bool))
    assert batch.ids[0, : len(raw) + 2].tolist() == TOKENS(sentence).input_ids


def test_batches_are_windows_of_the_text():
    text = np.frombuffer(b"".join(b"Sentence number %d is this one. " % i for i in range(300)), dtype=np.uint8)
    torch.manual_seed(0)
    batch = Batches(text, CPU, 64).draw(0.5)
    whole = text.tobytes() + b"\n" * 512
    lengths = batch.readable.sum(dim=1) - 2
    assert batch.ids.shape == batch.targets.shape == (64, 514)
    for clear, length in zip(batch.targets, lengths.tolist(), strict=True):
        assert bytes((clear[1 : length + 1] - 6).tolist()) in whole
    assert (batch.ids != batch.targets).any(dim=1).all()
    assert batch.counts.any(dim=1).all()
    assert lengths.min() < 200
    assert (lengths == 512).any()


def test_evaluation_windows_are_the_same_each_time_and_leave_out_the_rest():
    text = lines_of_one_letter(0)[: 512 * 5 + 100]
    (once,) = evaluation_windows(text)
    again = list(evaluation_windows(text, size=2))
    assert once[0].shape == once[1].shape == (5, 512)
    assert (np.concatenate([mask for _, mask in again]) == once[1]).all()
    (few,) = evaluation_windows(text, windows=2)
    assert (few[1] == once[1][:2]).all()


@pytest.mark.filterwarnings("error")
def test_evaluation_neither_draws_from_torch_nor_depends_on_it():
    model, text = tiny_model(), lines_of_one_letter(1)[:2048]
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first = evaluate(model, text)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(2)
    assert evaluate(model, text) == first


def test_scores_of_the_model_are_those_of_transformers_itself():
    model, text = tiny_model(), lines_of_one_letter(2)[:1024]
    ((chunk, mask),) = evaluation_windows(text)
    shown = np.where(mask, TOKENS.mask_token_id, chunk.astype(np.int64) + 6)
    ids = torch.from_numpy(np.pad(shown, ((0, 0), (1, 1)), constant_values=((4, 4), (4, 5))))
    with torch.inference_mode():
        logits = model.eval()(ids).logits[:, 1:-1][torch.from_numpy(mask)]
    targets = torch.from_numpy(chunk[mask].astype(np.int64) + 6)
    scores = evaluate(model, text)
    assert scores["nats_per_byte"] == pytest.approx(torch.nn.functional.cross_entropy(logits, targets).item(), rel=1e-4)
    assert scores["masked_bytes"] == len(targets)
    assert 0 <= scores["accuracy"] <= 1


def test_baselines_on_the_same_masks():
    text = lines_of_one_letter(1)[:5120]
    scores = baselines(lines_of_one_letter(0), text)
    frequent, counted = scores["most_frequent"], scores["two_sided_5gram"]
    assert frequent["masked_bytes"] == counted["masked_bytes"] == evaluate(tiny_model(), text)["masked_bytes"]
    assert set(counted["accuracy_by_width"]) == {"1", "2", "3", "5", "7"}
    assert counted["accuracy_by_width"]["1"] > 0.95 > counted["accuracy_by_width"]["7"]  # whose middle has no neighbor
    assert counted["accuracy"] > 0.5 > 0.2 > frequent["accuracy"]
    assert counted["nats_per_byte"] < 0.7 * frequent["nats_per_byte"]


def test_thirty_steps_beat_the_unigram(tmp_path):
    text, unseen = lines_of_one_letter(0), lines_of_one_letter(1)
    model = tiny_model()
    batches = Batches(text, CPU, 16)
    schedule = Schedule(30, 1e-2, warmup=3)
    assert fit(model, lambda step: batch_loss(model, batches.draw(0.6)), lambda: 0.0, schedule, Run(tmp_path))
    unigram = baselines(text, unseen, windows=8)["most_frequent"]["nats_per_byte"]
    assert evaluate(model, unseen)["nats_per_byte"] < 0.9 * unigram


def test_default_model_stays_below_10_megabytes_as_float16():
    with torch.device("meta"):
        model = PerceiverForMaskedLM(config())
    assert 2 * sum(parameter.numel() for parameter in model.parameters()) < 10_000_000
