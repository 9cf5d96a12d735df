"""Fine-tuning against a plain loop of transformers: the same losses, and a base that stays what it was."""

from copy import deepcopy

import pytest
import torch
from torch import Tensor
from transformers import PerceiverForSequenceClassification, PerceiverTokenizer

from models.perceiver import fine_tuning
from models.perceiver.fine_tuned import as_value, fine_tuned_model, save_fine_tuned
from models.perceiver.fine_tuning import FineTuner, Hyperparameters, Rows, warm_up_then_linear
from models.schema import FineTunedModel
from tests.tiny_models import FAR, assert_equal, tiny_model

NAME = "PerceiverForSequenceClassification"
STEPS = 10
COUNT = 4
HYPERPARAMETERS = Hyperparameters(epochs=2, batch_size=3, learning_rate=3e-3, seed=5)


def base() -> PerceiverForSequenceClassification:
    return tiny_model(NAME)


def rows(count: int = 15) -> Rows:
    draws = torch.Generator().manual_seed(3)
    lengths = torch.randint(3, 20, (count,), generator=draws).tolist()
    tokens = [torch.randint(4, 262, (length,), generator=draws) for length in lengths]
    return Rows(tokens, torch.randint(COUNT, (count,), generator=draws).tolist())


def teaching(
    hyperparameters: Hyperparameters = HYPERPARAMETERS, model: PerceiverForSequenceClassification | None = None
) -> FineTuner:
    return FineTuner(model or base(), rows(), COUNT, hyperparameters)


def losses(learns: FineTuner) -> list[float]:
    return [learned.loss for learned in learns.train()]


def padded(tokens: list[Tensor], length: int = 20) -> tuple[Tensor, Tensor]:
    """As the tokenizer pads: to the longest that the model reads."""
    ids, mask = torch.zeros(len(tokens), length, dtype=torch.long), torch.zeros(len(tokens), length)
    for row, some in enumerate(tokens):
        ids[row, : len(some)], mask[row, : len(some)] = some, 1
    return ids, mask


def plain_loop(
    model: PerceiverForSequenceClassification, hyperparameters: Hyperparameters, order: list[tuple[int, ...]]
) -> list[float]:
    """transformers' forward with labels, and torch's own AdamW."""
    learned, found = rows(), []
    optimiser = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=hyperparameters.learning_rate)
    for step, batch in enumerate(order, start=1):
        ids, mask = padded([learned.tokens[row] for row in batch])
        wanted = torch.tensor([learned.labels[row] for row in batch])
        optimiser.zero_grad()
        loss = model(inputs=ids, attention_mask=mask, labels=wanted).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), hyperparameters.clip)
        optimiser.param_groups[0]["lr"] = hyperparameters.learning_rate * warm_up_then_linear(step, len(order))
        optimiser.step()
        found.append(loss.item())
    return found


@pytest.mark.parametrize("frozen", [False, True])
def test_ten_steps_have_the_losses_of_a_plain_loop(frozen):
    hyperparameters = Hyperparameters(2, 3, 3e-3, seed=5, frozen=frozen, clip=0.5)
    learns = teaching(hyperparameters)
    copy = deepcopy(learns.model)
    found = list(learns.train())
    expected = plain_loop(copy, hyperparameters, [learned.batch for learned in found])
    assert len(found) == STEPS == learns.steps
    assert max(expected) - min(expected) > FAR
    assert_equal(torch.tensor([learned.loss for learned in found]), torch.tensor(expected), atol=1e-4)


def test_every_row_is_learnt_from_once_an_epoch():
    found = list(teaching(Hyperparameters(2, 4, 1e-3)).train())
    assert [len(learned.batch) for learned in found] == [4, 4, 4, 3] * 2
    assert [learned.ends_epoch for learned in found] == [False, False, False, True] * 2
    orders = [[row for learned in found if learned.epoch == epoch for row in learned.batch] for epoch in (1, 2)]
    assert [sorted(order) for order in orders] == [list(range(15))] * 2
    assert orders[0] != orders[1]


@pytest.mark.parametrize("frozen", [False, True])
def test_the_base_stays_what_it_was_to_the_bit(frozen):
    model = deepcopy(base())
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    flags, labels = [p.requires_grad for p in model.parameters()], dict(model.config.id2label)
    learns = teaching(Hyperparameters(1, 3, 1e-2, frozen=frozen), model)
    losses(learns)
    assert_equal(dict(model.state_dict()), before, atol=0)
    assert [p.requires_grad for p in model.parameters()] == flags
    assert all(p.grad is None for p in model.parameters())
    assert (model.config.id2label, model.num_labels) == (labels, 3)


def test_a_base_from_the_mode_of_inference_in_the_mode_of_inference():
    """So the service loads models, and so it asks for the next part."""
    expected = losses(teaching())
    with torch.inference_mode():
        model = deepcopy(base())
        for name, parameter in list(model.named_parameters()):
            owner, _, own = name.rpartition(".")
            setattr(model.get_submodule(owner), own, torch.nn.Parameter(parameter.clone()))
        assert all(parameter.is_inference() for parameter in model.parameters())
        assert losses(teaching(model=model)) == expected
        learns = teaching(Hyperparameters(1, 3, 1e-2, frozen=True), model)
        losses(learns)
        learns.evaluate(rows())


@pytest.mark.parametrize("frozen", [False, True])
def test_two_at_once_are_as_each_alone(frozen):
    one, other = Hyperparameters(2, 3, 3e-3, seed=1, frozen=frozen), Hyperparameters(2, 3, 1e-3, seed=2, frozen=frozen)
    alone = losses(teaching(one)), losses(teaching(other))
    first, second = teaching(one), teaching(other)
    together = list(zip(first.train(), second.train(), strict=True))
    assert [learned.loss for learned, _ in together] == alone[0]
    assert [learned.loss for _, learned in together] == alone[1]
    assert alone[0] != alone[1]


def test_the_same_seed_gives_the_same_and_draws_from_nobody():
    torch.manual_seed(1)
    expected, after = losses(teaching()), torch.rand(3)
    torch.manual_seed(1)
    untouched = torch.rand(3)
    assert torch.equal(after, untouched)
    assert losses(teaching()) == expected
    assert losses(teaching(Hyperparameters(2, 3, 3e-3, seed=6))) != expected


def test_frozen_learns_the_decoder_alone():
    learns = teaching(Hyperparameters(2, 3, 1e-2, frozen=True))
    before = {name: parameter.detach().clone() for name, parameter in learns.model.named_parameters()}
    losses(learns)
    after = dict(learns.model.named_parameters())
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    decoder = {name for name in before if name.startswith("perceiver.decoder.")}
    # The bias of keys moves no attention, and is not asked where keys are folded.
    assert moved == {name for name in decoder if not name.endswith("self.key.bias")}
    shared = set(before) - decoder
    assert all(after[name].data_ptr() == base().get_parameter(name).data_ptr() for name in shared)


def test_frozen_rows_are_encoded_once(monkeypatch):
    lengths: list[int] = []

    def counting(model, ids, *options):
        lengths.append(len(ids))
        return encode(model, ids, *options)

    encode = fine_tuning.encode
    monkeypatch.setattr(fine_tuning, "encode", counting)
    learns = teaching(Hyperparameters(3, 4, 3e-3, frozen=True))
    expected = losses(learns)
    assert sum(lengths) == len(rows().labels)
    held = rows(5)
    judged = learns.evaluate(held)
    assert sum(lengths) == 15 + 5
    assert learns.evaluate(held) == judged
    assert sum(lengths) == 15 + 5

    monkeypatch.setattr(fine_tuning, "KEPT_BYTES", 4 * 7 * 16 * 6)  # of six rows
    lengths.clear()
    again = losses(teaching(Hyperparameters(3, 4, 3e-3, frozen=True)))
    assert sum(lengths) == 6 + 3 * 9
    assert_equal(torch.tensor(again), torch.tensor(expected), atol=1e-5)


def test_it_learns():
    learns = teaching(Hyperparameters(30, 5, 1e-2))
    before = learns.evaluate(rows())
    losses(learns)
    after = learns.evaluate(rows())
    assert after.loss < before.loss / 4
    assert after.predicted == tuple(rows().labels)


def test_judged_as_transformers_judges():
    learns = teaching()
    losses(learns)
    ids, mask = padded(list(rows().tokens))
    with torch.no_grad():
        found = learns.model(inputs=ids, attention_mask=mask, labels=torch.tensor(rows().labels))
    judged = learns.evaluate(rows())
    assert judged.loss == pytest.approx(found.loss.item(), abs=1e-5)
    assert list(judged.predicted) == found.logits.argmax(-1).tolist()


def test_rate_goes_up_and_down():
    assert [warm_up_then_linear(step, 20) for step in (1, 2, 3, 20)] == [0.5, 1, 18 / 19, 1 / 19]
    assert [warm_up_then_linear(step, 1) for step in (1,)] == [1]


# What is left of it


def taught(frozen: bool) -> tuple[FineTuner, FineTunedModel]:
    learns = teaching(Hyperparameters(1, 3, 1e-2, frozen=frozen))
    losses(learns)
    return learns, as_value(learns.model, "base", "embedded", ("a", "b", "ü", "d"))


@torch.no_grad()
def logits(model: PerceiverForSequenceClassification) -> Tensor:
    ids, mask = padded(list(rows().tokens))
    return model(inputs=ids, attention_mask=mask).logits


@pytest.mark.parametrize("frozen", [False, True])
def test_taught_model_answers_as_it_learnt(frozen):
    learns, value = taught(frozen)
    assert_equal(logits(fine_tuned_model(base(), value)), logits(learns.model), atol=0)
    decoder = sum(p.numel() for n, p in base().named_parameters() if n.startswith("perceiver.decoder")) + 17
    whole = sum(p.numel() for p in base().parameters()) + 17  # of the fourth label
    assert value.nbytes == 4 * (decoder if frozen else whole)


def test_taught_value_is_a_copy_under_a_name_of_its_own():
    learns, value = taught(frozen=True)
    again = as_value(learns.model, "base", "embedded", value.labels)
    assert again.name == value.name
    kept = {name: array.copy() for name, array in value.changed.items()}
    losses(learns)
    assert all((value.changed[name] == kept[name]).all() for name in kept)
    assert as_value(learns.model, "base", "embedded", value.labels).name != value.name


def test_taught_on_another_shape_is_refused():
    _, value = taught(frozen=False)
    with pytest.raises(ValueError, match="does not fit"):
        fine_tuned_model(tiny_model(NAME, num_latents=9), value)
    fine_tuned_model(tiny_model(NAME, num_labels=7), value)  # what is answered by the base does not matter


@pytest.mark.parametrize("frozen", [False, True])
def test_saved_folder_loads_with_transformers(frozen, tmp_path):
    _, value = taught(frozen)
    save_fine_tuned(base(), value, tmp_path)
    model = PerceiverForSequenceClassification.from_pretrained(tmp_path, local_files_only=True)
    assert_equal(logits(model), logits(fine_tuned_model(base(), value)), atol=0)
    assert model.config.id2label == {0: "a", 1: "b", 2: "ü", 3: "d"}
    assert model.config.label2id == {"a": 0, "b": 1, "ü": 2, "d": 3}
    tokenizer = PerceiverTokenizer.from_pretrained(tmp_path, local_files_only=True)
    ids = tokenizer("hi", padding="max_length", return_tensors="pt")["input_ids"]
    assert ids[0, :5].tolist() == [4, ord("h") + 6, ord("i") + 6, 5, 0]
    assert ids.shape == (1, 20)


def test_saved_in_half_the_size(tmp_path):
    _, value = taught(frozen=True)
    save_fine_tuned(base(), value, tmp_path / "half", torch.float16)
    save_fine_tuned(base(), value, tmp_path / "whole")
    half, whole = ((tmp_path / name / "model.safetensors").stat().st_size for name in ("half", "whole"))
    assert half < 0.6 * whole
    model = PerceiverForSequenceClassification.from_pretrained(tmp_path / "half", dtype=torch.float32)
    assert_equal(logits(model), logits(fine_tuned_model(base(), value)), atol=0.05)
