"""Tables that are refused: in words for the visitor, whatever is wrong, and before it costs anything."""

import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from models.data import csv_table
from models.data.csv_table import read_table
from models.data.labeled_rows import labeled_rows, texts_in
from models.schema import InputError
from tests.unit.test_labeled_rows import labeled, made, read

GOOD = "".join(f"a{n},yes\nb{n},no\n" for n in range(4))


def test_the_good_rows_are_good(tmp_path):
    """Else the next tests would see refusals of something else."""
    assert labeled_rows(read(tmp_path, f"text,label\n{GOOD}"), "text", "label").counts == {"yes": 4, "no": 4}


# Files


def test_a_hundred_megabytes_are_not_even_opened(tmp_path, monkeypatch):
    path = tmp_path / "rows.csv"
    with path.open("wb") as file:
        file.truncate(100 * 2**20)  # nothing of it is on the disk

    def opened(*_: Any, **__: Any) -> Any:
        raise AssertionError("opened")

    monkeypatch.setattr(Path, "open", opened)
    with pytest.raises(InputError, match=r"100\.0 MiB.* 32 MiB"):
        read_table(path)


def test_as_large_as_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(csv_table, "MAX_BYTES", 100)
    content = "text,note\na,b\n".ljust(100, "\n")
    assert len(read(tmp_path, content).rows) == 1
    with pytest.raises(InputError, match="too large"):
        read(tmp_path, content + "\n")


def test_a_spreadsheet_by_another_name(tmp_path):
    path = tmp_path / "rows.csv"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    with pytest.raises(InputError, match=r'not an Excel file.*"CSV UTF-8"'):
        read_table(path)
    path.write_bytes(b"\xd0\xcf\x11\xe0" + bytes(100))
    with pytest.raises(InputError, match="old Excel file"):
        read_table(path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf", "blank"),
        (b"\n ,\n", "single row"),
        (b"text,label\ngut,a\nsch\x81n,b\n", "UTF-8: byte 21, in line 3, is 0x81"),
        (b"\n \n\n\t\n", "blank"),
        (b"\xef\xbb\xbftext\n\xe9", "UTF-8 with BOM: byte 9, in line 2, is 0xE9"),
        (b"\xff\xfet\0\n\0a", "UTF-16: byte 7, in line 2, is 0x61"),
        (b"text\na\n\0", "line 3 has a zero byte"),
        (b"\x89PNG\r\n\x1a\n", "byte 1, in line 1, is 0x89"),
        (b"text,label\n", "single row"),
        (b"text,text\na,b\n", 'Row 1 has "text" twice'),
        (b"text,label\na\nb,c,d\n", "Row 2 has 1 cell"),
        (b"c," * 50 + b"c\n", "51 columns.* 50"),
        (b"text,label\n" + b"x,y\n" * 2001, "2,001 rows.* 2,000"),
        (b'text,label\na,b\n"two\nlines",b\n"open,a\nb,c\n', "Row 4 cannot be read: .*never closed"),
        (b'text,label\na,b\n"one" two,b\n', "Row 3 cannot be read: .*closing quotation mark"),
        (b'text,label\n"' + b"x" * 200_000 + b'",b\n', "Row 2 has a cell of 200,000 characters"),
        (b"text,label\n" + b"x" * 10_001 + b",b\n", "Row 2 .* 10,001 characters.* 10,000"),
    ],
)
def test_files_that_are_refused(content, words, tmp_path):
    with pytest.raises(InputError, match=words):
        read(tmp_path, content)


def test_as_much_as_is_read(tmp_path):
    assert len(read(tmp_path, "text,label\n" + "x,y\n" * 2000).rows) == 2000
    assert len(read(tmp_path, f"text,label\n{'x' * 10_000},y\n").rows) == 1
    assert len(read(tmp_path, ",".join(f"c{n}" for n in range(50)) + "\n" + "x," * 49 + "x").columns) == 50
    assert read(tmp_path, "a" * 60 + ",b\nx,y\n").columns[0] == "a" * 60


def test_a_file_that_is_gone(tmp_path):
    with pytest.raises(InputError, match="no longer available") as caught:
        read_table(tmp_path / "mine.csv")
    assert "mine" not in str(caught.value)
    with pytest.raises(InputError, match="cannot be read"):
        read_table(tmp_path)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.sampled_from([b'"', b",", b";", b"\n", b"\r", b"\t", b"a", b"yes", b"\xc3\xa9", b"\xff"]), max_size=30)
)
@example([b'"', b"\n", b'"'])
def test_any_file(tmp_path, parts):
    """It is read, all rows of one width, or refused in words."""
    try:
        table = read(tmp_path, b"".join(parts))
    except InputError:
        return
    assert len(set(table.columns)) == len(table.columns) >= 1
    assert all(len(row.cells) == len(table.columns) for row in table.rows)
    numbers = [row.number for row in table.rows] + [note.row for note in table.problems]
    assert len(set(numbers)) == len(numbers) >= 1


# Columns and labels


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([(f"t{n}", "same") for n in range(9)], 'All rows have the same label, "same"'),
        ([(f"t{n}", f"{n} words") for n in range(30)], "30 different values in 30 rows"),
        (
            [(f"t{n}", f"label {n % 21}") for n in range(83)],
            '21 different values in 83 rows.* at most 20 .* 1 of them .* 4 rows, such as "label 20"',
        ),
        ([(f"t{n}", "yes" if n else "no") for n in range(9)], 'only "yes" .*"no" 1, "yes" 8'),
        ([(f"t{n}", "abcd"[n % 4]) for n in range(8)], 'none .*"a" 2, "b" 2, "c" 2, …'),
        ([("", "yes"), ("", "no")], "Row 2 has no text"),
    ],
)
def test_nothing_to_learn(rows, words):
    pattern = words if ".*" in words else re.escape(words)
    with pytest.raises(InputError, match=pattern):
        labeled_rows(made(("text", "label"), *rows), "text", "label")


def test_as_many_labels_as_are_read():
    rows = [(f"t{n}", f"label {n % 20}") for n in range(80)]
    assert len(labeled_rows(made(("text", "label"), *rows), "text", "label").counts) == 20


def test_columns_that_are_none():
    for columns in (("texts", "label"), ("text", "Label")):
        with pytest.raises(InputError, match=r'"(texts|Label)".* "text", "label"'):
            labeled_rows(labeled(), *columns)
    with pytest.raises(InputError, match=r'both .*"text"'):
        labeled_rows(labeled(), "text", "text")
    with pytest.raises(InputError, match="no column"):
        texts_in(labeled(), "x")
    with pytest.raises(InputError, match='"label" has no text'):
        texts_in(made(("text", "label"), ("a", "")), "label")


@pytest.mark.parametrize("columns", [(None, None), ("text", None), (None, "label")])
def test_columns_that_are_not_selected_are_refused(tmp_path: Path, columns: tuple[str | None, str | None]) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("text,label\ngood,yes\nbad,no\n")
    with pytest.raises(InputError):
        labeled_rows(read_table(file), *columns)


def test_a_table_with_one_column_is_named(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("message\ngood\nbad\n")
    with pytest.raises(InputError, match="message"):
        labeled_rows(read_table(file), "message", None)
