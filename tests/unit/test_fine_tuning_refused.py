"""What cannot be learned from is refused in words, with the numbers of the rows."""

import math

import pytest

from models.schema import InputError
from tests.fine_tuning_rows import ROWS, request


def change(row: int, *, text: str | None = None, label: str | None = None) -> tuple[tuple[str, str], ...]:
    """Rows of which one, counted from 1, is other."""
    old_text, old_label = ROWS[row - 1]
    new = (old_text if text is None else text, old_label if label is None else label)
    return (*ROWS[: row - 1], new, *ROWS[row:])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rows": ()}, "0 different labels"),
        ({"rows": ROWS[::3]}, "1 different labels .'high'."),
        ({"rows": tuple((f"a {n}", f"b {n // 2}") for n in range(42))}, "21 different labels"),
        ({"rows": ROWS * 67}, "2,010 rows.* 2,000"),
        ({"rows": change(4, text="")}, "Row 4 has no text"),
        ({"rows": change(30, text=" \n")}, "Row 30 has no text"),
        ({"rows": change(7, label=" ")}, "Row 7 has no label"),
        ({"rows": change(2, text="a\ud800")}, "Row 2: Character 2 "),
        ({"rows": change(5, label="alone")}, "Row 5 is the only one with the label 'alone'"),
        ({"epochs": 0}, "number of epochs .* 1 to 50, not 0"),
        ({"epochs": 51}, "not 51"),
        ({"batch_size": 0}, "batch size .* 1 to 64"),
        ({"batch_size": 65}, "not 65"),
        ({"learning_rate": 0.02}, "learning rate .* 1e-06 to 0.01, not 0.02"),
        ({"learning_rate": math.nan}, "not nan"),
        ({"seed": -1}, "seed .* 0 to"),
        ({"rows": ROWS * 6, "epochs": 50, "batch_size": 1}, "7,200 steps.* 5,000"),
        ({"weights": "published"}, "0.8 GB"),
        ({"weights": "mine"}, "embedded or published"),
    ],
)
def test_refused(service, changes, message):
    with pytest.raises(InputError, match=message):
        next(iter(service.stream(request(**changes))))
    with pytest.raises(InputError, match=message):
        service.run(request(**changes))


def test_what_is_at_the_limits_is_taken(service):
    rows = tuple((f"a {n}", f"b {n // 2}") for n in range(40))
    first = next(iter(service.stream(request(rows=rows, epochs=50, batch_size=64, learning_rate=1e-2))))
    assert first.steps == 50
    assert len(first.held_out.confusion) == 20
