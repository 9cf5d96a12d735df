"""How well sentiment is told: by a model, and by TF-IDF with logistic regression, on the same rows."""

import torch
from torch.nn import functional as F
from transformers import PerceiverForSequenceClassification

from models.data.text_windows import text_windows
from models.perceiver.engine import decode, encode
from models.tasks.byte_tokens import padded_ids
from training.sentiment_rows import LONGEST, Rows


@torch.inference_mode()
def evaluate(model: PerceiverForSequenceClassification, rows: Rows, batch: int = 64) -> dict:
    """Share of rows, 0 to 1, whose label comes first; mean cross-entropy in nats; how many rows. float32.

    What is longer than LONGEST is read as the app reads it: in overlapping windows, of whose votes the mean counts.
    """
    windows = [(row, *span) for row, text in enumerate(rows.texts) for span in text_windows(text, LONGEST)]
    windows.sort(key=lambda window: window[2] - window[1])  # to pad little
    device = next(model.parameters()).device
    votes = torch.zeros(len(rows), model.config.num_labels, device=device)
    for some in (windows[at : at + batch] for at in range(0, len(windows), batch)):
        ids, readable = padded_ids([rows.texts[row][start:stop] for row, start, stop in some])
        encoded = encode(model, ids.to(device), None if readable is None else readable.to(device))
        found = decode(model, encoded).float().softmax(dim=1)
        votes.index_add_(0, torch.tensor([row for row, _, _ in some], device=device), found)
    chances = votes / votes.sum(dim=1, keepdim=True)
    labels = torch.from_numpy(rows.labels).to(device)
    return {
        "accuracy": round((chances.argmax(dim=1) == labels).float().mean().item(), 4),
        "nats": round(F.nll_loss(chances.log(), labels).item(), 4),
        "rows": len(rows),
    }
