"""The embedded byte model: `PerceiverForMaskedLM` trained from scratch on prose.

    python -m training.masked_bytes train --data DIR        DIR holds train, valid and factbook (.txt or .txt.xz)
    python -m training.masked_bytes evaluate --data FILE    one JSON line: accuracy and nats per masked byte
    python -m training.masked_bytes baselines --data DIR    the same for most frequent byte and two-sided 5-gram
    python -m training.masked_bytes export                  best weights -> assets/weights/masked_bytes
"""

import argparse
import json
import math
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from transformers import PerceiverConfig, PerceiverForMaskedLM, PerceiverTokenizer

from models.perceiver.engine import decode, encode
from training.byte_ngram import TwoSidedNgram
from training.data import read_bytes, sentence_starts
from training.loop import Run, Schedule, fit
from training.masking import evaluation_mask, training_mask
from training.structured_start import structured_start

TEXT_LENGTH = 512
WEIGHTS = Path(__file__).parent.parent / "assets" / "weights" / "masked_bytes"
TOKENS = PerceiverTokenizer()
BYTE_OFFSET = TOKENS._num_special_tokens  # noqa: SLF001  (the tokenizer has no public name for it)
MOST_QUERIES = 128
EVALUATION_SEED = 20


def config(blocks: int = 2, layers: int = 5, widening: int = 4) -> PerceiverConfig:
    """256 latents read up to 512 bytes; `blocks` times the same `layers`. Stays under 5 M parameters."""
    return PerceiverConfig(
        num_latents=256,
        d_latents=256,
        d_model=192,
        num_blocks=blocks,
        num_self_attends_per_block=layers,
        num_self_attention_heads=8,
        num_cross_attention_heads=8,
        qk_channels=256,
        v_channels=256,
        self_attention_widening_factor=widening,
        attention_probs_dropout_prob=0.0,
        max_position_embeddings=TEXT_LENGTH + 2,  # [CLS] and [SEP]
    )


@dataclass(frozen=True, slots=True)
class Batch:
    """ids, targets: int64 [B, 514]; readable: bool [B, 514]; positions: int64 [B, Q] of hidden bytes; counts: [B, Q]."""

    ids: Tensor
    readable: Tensor
    positions: Tensor
    counts: Tensor
    targets: Tensor


class Batches:
    """Random windows of the training text, cut, masked and tokenised on the device."""

    def __init__(self, text: np.ndarray, device: torch.device, size: int):
        self.text = torch.from_numpy(np.concatenate([text, np.full(TEXT_LENGTH, ord("\n"), np.uint8)])).to(device)
        self.starts = torch.from_numpy(sentence_starts(text)).to(device)
        self.size = size

    def draw(self, single_share: float) -> Batch:
        begins, lengths = self._windows()
        text = self.text[begins[:, None] + torch.arange(TEXT_LENGTH, device=begins.device)]
        return _tokenised(text, lengths, training_mask(text, lengths, single_share))

    def _windows(self) -> tuple[Tensor, Tensor]:
        """Where windows begin and how long they are: 2 of 5 full and anywhere, the others whole sentences."""
        device, size = self.text.device, self.size
        anywhere = torch.randint(len(self.text) - 2 * TEXT_LENGTH, (size,), device=device)
        sentence = torch.randint(len(self.starts) - 8, (size,), device=device)
        begins = self.starts[sentence]
        some = self.starts[sentence + torch.randint(1, 8, (size,), device=device)] - 1 - begins
        lengths = torch.where(torch.rand(size, device=device) < 0.5, some, TEXT_LENGTH).clamp(8, TEXT_LENGTH)
        full = torch.rand(size, device=device) < 0.4
        return torch.where(full, anywhere, begins), torch.where(full, TEXT_LENGTH, lengths)


def _tokenised(text: Tensor, lengths: Tensor, mask: Tensor) -> Batch:
    """[CLS] bytes [SEP], padded; hidden bytes become [MASK]."""
    batch = len(text)
    clear = F.pad(text.long() + BYTE_OFFSET, (1, 1))
    clear[:, 0] = TOKENS.cls_token_id
    place = torch.arange(TEXT_LENGTH + 2, device=text.device)
    readable = place <= lengths[:, None] + 1
    clear = torch.where(readable, clear, TOKENS.pad_token_id)
    clear[torch.arange(batch, device=text.device), lengths + 1] = TOKENS.sep_token_id
    hidden = F.pad(mask, (1, 1))
    order = torch.rand(hidden.shape, device=text.device) + hidden
    positions = order.topk(min(MOST_QUERIES, order.shape[1]), dim=1).indices
    counts = hidden.gather(1, positions)
    return Batch(clear.masked_fill(hidden, TOKENS.mask_token_id), readable, positions, counts, clear)


def hidden_byte_logits(model: PerceiverForMaskedLM, batch: Batch) -> Tensor:
    """[B, Q, vocabulary] at the hidden bytes only."""
    return decode(model, encode(model, batch.ids, batch.readable, keep_layers=False), batch.positions)


def batch_loss(model: PerceiverForMaskedLM, batch: Batch) -> Tensor:
    """Mean cross-entropy in nats over the hidden bytes."""
    with torch.autocast(batch.ids.device.type, torch.bfloat16):
        logits = hidden_byte_logits(model, batch)
    wrong = F.cross_entropy(logits.float().transpose(1, 2), batch.targets.gather(1, batch.positions), reduction="none")
    return (wrong * batch.counts).sum() / batch.counts.sum()


@torch.inference_mode()
def evaluate(model: PerceiverForMaskedLM, text: np.ndarray, windows: int | None = None) -> dict[str, float]:
    """Top-1 accuracy and nats per masked byte over consecutive windows of 512 bytes, masks drawn with a fixed seed."""
    device = next(model.parameters()).device
    right = nats = count = 0
    for chunk, mask in evaluation_windows(text, windows):
        shown = torch.from_numpy(chunk).to(device)
        batch = _tokenised(shown, torch.full((len(chunk),), TEXT_LENGTH, device=device), torch.from_numpy(mask).to(device))
        with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
            logits = hidden_byte_logits(model, batch)
        targets = batch.targets.gather(1, batch.positions)[batch.counts]
        logits = logits[batch.counts].float()
        right += (logits.argmax(dim=-1) == targets).sum().item()
        nats += F.cross_entropy(logits, targets, reduction="sum").item()
        count += len(targets)
    return {"accuracy": right / count, "nats_per_byte": nats / count, "masked_bytes": count}


def evaluation_windows(text: np.ndarray, windows: int | None = None, size: int = 32):
    """Yields (bytes uint8 [b, 512], mask bool [b, 512]); a last window that is not full is left out."""
    rng = np.random.default_rng(EVALUATION_SEED)
    whole = text[: len(text) // TEXT_LENGTH * TEXT_LENGTH].reshape(-1, TEXT_LENGTH)[:windows]
    for start in range(0, len(whole), size):
        chunk = whole[start : start + size]
        yield chunk, np.stack([evaluation_mask(TEXT_LENGTH, rng) for _ in chunk])


def find_text(folder: Path, name: str) -> np.ndarray:
    for path in (folder / f"{name}.txt.xz", folder / f"{name}.txt"):
        if path.exists():
            return read_bytes(path)
    raise SystemExit(f"{folder} has neither {name}.txt nor {name}.txt.xz")


def train(args: argparse.Namespace) -> None:
    torch.manual_seed(args.seed)
    device = torch.device(args.device)
    torch.set_float32_matmul_precision("high")
    size = {"blocks": args.blocks, "layers": args.layers, "widening": args.widening}
    model = PerceiverForMaskedLM(config(**size))
    structured_start(model)
    args.run.mkdir(parents=True, exist_ok=True)
    (args.run / "model.json").write_text(json.dumps(size))
    model.to(device)
    print(f"{sum(p.numel() for p in model.parameters()):,} parameters on {device}", flush=True)

    prose, facts = find_text(args.data, "train"), find_text(args.data, "factbook")
    batches = Batches(np.concatenate([prose, facts, facts]), device, args.batch)
    valid = find_text(args.data, "valid")
    step_loss = torch.compile(batch_loss) if args.compile else batch_loss

    def loss_of(step: int) -> Tensor:
        """Single bytes first, since they teach where things are; then ever more spans."""
        return step_loss(model, batches.draw(single_share=max(0.2, 0.6 - step / args.steps)))

    def validate() -> float:
        scores = evaluate(model, valid, windows=512)
        print(json.dumps(scores), flush=True)
        return scores["nats_per_byte"]

    schedule = Schedule(args.steps, args.rate, warmup=args.warmup)
    fit(model, loss_of, validate, schedule, Run(args.run, seconds=args.seconds, validate_every=args.validate_every))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    default_device = "cuda" if torch.cuda.is_available() else "cpu"

    command = commands.add_parser("train")
    command.add_argument("--data", type=Path, required=True)
    command.add_argument("--run", type=Path, default=Path("runs/masked_bytes"))
    command.add_argument("--steps", type=int, default=20_000)
    command.add_argument("--batch", type=int, default=64)
    command.add_argument("--rate", type=float, default=2e-3)
    command.add_argument("--warmup", type=int, default=500)
    command.add_argument("--blocks", type=int, default=2)
    command.add_argument("--layers", type=int, default=5)
    command.add_argument("--widening", type=int, default=4)
    command.add_argument("--seconds", type=float, default=math.inf, help="stop after so long; run again to go on")
    command.add_argument("--validate-every", type=int, default=1000)
    command.add_argument("--device", default=default_device)
    command.add_argument("--compile", action="store_true")
    command.add_argument("--seed", type=int, default=0)

    command = commands.add_parser("evaluate")
    command.add_argument("--data", type=Path, required=True)
    command.add_argument("--weights", type=Path, default=WEIGHTS)
    command.add_argument("--device", default=default_device)

    command = commands.add_parser("baselines")
    command.add_argument("--data", type=Path, required=True)

    command = commands.add_parser("export")
    command.add_argument("--run", type=Path, default=Path("runs/masked_bytes"))
    command.add_argument("--to", type=Path, default=WEIGHTS)

    args = parser.parse_args()
    {"train": train, "evaluate": print_evaluation, "baselines": print_baselines, "export": export}[args.command](args)


def print_evaluation(args: argparse.Namespace) -> None:
    model = PerceiverForMaskedLM.from_pretrained(args.weights, dtype=torch.float32).to(args.device).eval()
    began = time.monotonic()
    scores = evaluate(model, read_bytes(args.data))
    print(json.dumps(scores | {"data": args.data.name, "seconds": round(time.monotonic() - began, 1)}))


def print_baselines(args: argparse.Namespace) -> None:
    pass


def export(args: argparse.Namespace) -> None:
    """The best weights of a run, as float16: half the size, and no difference that the evaluation can see."""
    settings = json.loads((args.run / "model.json").read_text())
    model = PerceiverForMaskedLM(config(**settings))
    model.load_state_dict(torch.load(args.run / "best.pt", map_location="cpu", weights_only=True))
    model.half().save_pretrained(args.to)
    print(f"{args.to}: {sum(file.stat().st_size for file in args.to.iterdir()):,} bytes")


if __name__ == "__main__":
    main()
