"""Small data sets, drawn by programs or from scikit-learn; the same for every visitor.

Each function returns inputs and targets by name, shuffled, one example per row. The script that a visitor copies
contains the source of the function that it uses, so that each of them needs only numpy as np, csv and scikit-learn.
"""

import csv

import numpy as np


def digits():
    """Handwritten digits: images [1, 8, 8] from -1 to 1."""
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(labels))
    return {"image": (images[order].reshape(-1, 1, 8, 8) / 8 - 1).astype(np.float32)}, {"label": labels[order]}


def sequences(rule, length):
    """Random letters out of 16, and the same letters copied, reversed or sorted."""
    letters = np.random.default_rng(0).integers(0, 16, (4608, length))
    targets = {"copy": letters, "reverse": letters[:, ::-1].copy(), "sort": np.sort(letters)}
    return {"letters": letters}, {"letters": targets[rule]}


def motion():
    """Two frames [2, 12, 12] of a shape, -1 or 1, that moves by up to two pixels, and its flow (x, y)."""
    draws, size = np.random.default_rng(0), 12
    rows, columns = np.mgrid[:size, :size]
    frames, flows = [], []
    while len(frames) < 2304:
        x, y = draws.integers(3, 9, 2)
        step = draws.integers(-2, 3, 2)
        if not step.any():
            continue
        kind, radius = draws.integers(3), draws.integers(1, 3)

        def shape(x, y, kind=kind, radius=radius):
            across, down = abs(columns - x), abs(rows - y)
            square, diamond = np.maximum(across, down) <= radius, across + down <= radius
            cross = np.minimum(across, down) + (np.maximum(across, down) > radius) == 0
            return (square, diamond, cross)[kind]

        before, after = shape(x, y), shape(x + step[0], y + step[1])
        frames.append(np.stack([before, after]))
        flows.append(before[..., None] * step)
    return {"image": np.array(frames, np.float32) * 2 - 1}, {"flow": np.array(flows, np.float32)}


def tones():
    """256 noisy samples at 4 kHz of one of the notes C4 to C5."""
    draws = np.random.default_rng(0)
    notes = draws.integers(0, 8, 2304)
    pitches = 261.63 * 2 ** (np.array([0, 2, 4, 5, 7, 9, 11, 12]) / 12)
    turns = pitches[notes, None] * np.arange(256) / 4000 + draws.random((2304, 1))
    sound = np.sin(2 * np.pi * turns) * draws.uniform(0.5, 1, (2304, 1)) + draws.normal(0, 0.1, turns.shape)
    return {"audio": sound.astype(np.float32)}, {"label": notes}


def digit_tone(autoencoding):
    """The upper or the lower half of a digit, and a tone: together they tell which digit it is.

    The pitch of the 128 samples is the digit modulo 5.
    autoencoding: the image is whole, and it and the tone are targets too.
    """
    images, labels = digits()
    draws, image, label = np.random.default_rng(1), images["image"], labels["label"]
    turns = (2 + label % 5)[:, None] * np.arange(128) / 32 + draws.random((len(label), 1))
    sound = (np.sin(2 * np.pi * turns) + draws.normal(0, 0.1, turns.shape)).astype(np.float32)
    if autoencoding:
        unknown = np.zeros((len(label), 10), np.float32)
        targets = {"image": image.transpose(0, 2, 3, 1), "audio": sound, "label": label}
        return {"image": image, "audio": sound, "label": unknown}, targets
    upper = draws.integers(0, 2, len(label))
    hidden = (np.arange(8) // 4 == upper[:, None])[:, None, :, None]
    return {"image": np.where(hidden, np.float32(-1), image), "audio": sound}, {"label": label}


def points(drawn):
    """(x, y, class) of the visitor, or two spirals."""
    if not drawn:
        radius = np.linspace(0.1, 1, 100)
        turn = 2.5 * np.pi * radius
        arm = np.stack([radius * np.cos(turn), radius * np.sin(turn)], axis=1)
        drawn = [(*point, 0) for point in arm] + [(*point, 1) for point in -arm]
    drawn = np.random.default_rng(0).permutation(np.array(drawn, dtype=np.float64))
    return {"values": drawn[:, :2].astype(np.float32)}, {"label": drawn[:, 2].astype(np.int64)}


def picture():
    """A landscape of 16x16 pixels, known at three quarters of them; the others are for validation.

    The input is blank.
    """
    rows, columns = np.mgrid[:16, :16] / 15
    image = np.stack([0.2 + 0.5 * rows, 0.4 + 0.4 * rows, np.full_like(rows, 0.9)], axis=-1)
    image[rows > 0.7 + 0.12 * np.sin(7 * columns)] = (0.15, 0.5, 0.2)
    image[(columns - 0.72) ** 2 + (rows - 0.25) ** 2 < 0.03] = (1, 0.85, 0.3)
    image[(abs(columns - 0.3) < 0.15) & (abs(rows - 0.62) < 0.14)] = (0.7, 0.25, 0.2)
    held_out = np.random.default_rng(0).random((16, 16, 1)) < 0.25
    image = (2 * image - 1).astype(np.float32)
    targets = np.stack([np.where(held_out, np.nan, image), np.where(held_out, image, np.nan)])
    return {"image": np.zeros((2, 3, 16, 16), np.float32)}, {"image": targets}


def table(text):
    """A CSV with a header, or scikit-learn's irises: standardized columns, and the last column as the class.

    A column with something that is not a number becomes a column for each of its values.
    """
    if text:
        _, *rows = [row for row in csv.reader(text.splitlines()) if row]
        *cells, classes = zip(*rows, strict=True)
    else:
        from sklearn.datasets import load_iris

        values, classes = load_iris(return_X_y=True)
        cells = list(values.T)
    columns = []
    for column in cells:
        try:
            numbers = np.array(column, dtype=np.float64)
            if not np.all(abs(numbers) < 1e30):
                raise ValueError("not a number")
            columns.append(numbers)
        except ValueError:
            columns.extend(np.array(column) == value for value in sorted(set(column)))
    values = np.stack(columns, axis=1).astype(np.float64)
    values = (values - values.mean(axis=0)) / np.maximum(values.std(axis=0), 1e-6)
    label = np.unique(classes, return_inverse=True)[1]
    order = np.random.default_rng(0).permutation(len(label))
    return {"values": values[order].astype(np.float32)}, {"label": label[order]}


def as_read(inputs, preprocessor):
    """The inputs as arrays that a preprocessor reads: letters for text, a signal for audio, one vector for one-hot."""
    if preprocessor == "multimodal":
        return inputs
    (values,) = inputs.values()
    if "letters" in inputs:
        return np.eye(16, dtype=np.float32)[values].reshape(len(values), -1) if preprocessor == "one_hot" else values
    if preprocessor == "text" and "image" in inputs:
        return np.rint(values * 8 + 8).astype(np.int64).reshape(len(values), -1)
    if preprocessor == "text":
        levels = np.clip(np.rint(values * 8 + 8), 0, 16).astype(np.int64)
        return levels + 17 * np.arange(values.shape[1])
    return values.reshape(len(values), -1) if preprocessor in ("audio", "one_hot") else values
