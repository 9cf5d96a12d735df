"""Tables of texts and labels: what is read from CSV files and how rows are counted, and what is written."""

import csv
from collections.abc import Sequence
from io import StringIO
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from models.data.csv_table import MAX_ROWS, RowNote, Table, TableRow, read_table, write_csv
from models.data.examples import dataset_examples, text_examples
from models.data.labeled_rows import guess_columns, labeled_rows, texts_in
from models.schema import InputError


def read(folder: Path, content: str | bytes) -> Table:
    path = folder / "rows.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_table(path)


def made(columns: tuple[str, ...], *rows: tuple[str, ...]) -> Table:
    return Table(columns, tuple(TableRow(n, cells) for n, cells in enumerate(rows, 2)), (), ",", "UTF-8")


def labeled(*rows: tuple[str, str]) -> Table:
    """With eight good rows before them: rows 2 to 9."""
    return made(("text", "label"), *((f"{label} {n}", label) for n in range(4) for label in "ab"), *rows)


# Reading


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    ("codec", "mark", "name"),
    [
        ("utf-8", b"", "UTF-8"),
        ("utf-8", b"\xef\xbb\xbf", "UTF-8 with BOM"),
        ("utf-16-le", b"\xff\xfe", "UTF-16"),
        ("utf-16-be", b"\xfe\xff", "UTF-16"),
    ],
)
def test_separators_line_ends_and_encodings(delimiter, end, codec, mark, name, tmp_path):
    lines = ["text~label", "Grüße ☕~good", '"a, b; c\td | e"~bad', "=1+1~-"]
    content = end.join(line.replace("~", delimiter) for line in lines)
    table = read(tmp_path, mark + content.encode(codec))
    assert table.columns == ("text", "label")
    assert [row.cells for row in table.rows] == [("Grüße ☕", "good"), ("a, b; c\td | e", "bad"), ("=1+1", "-")]
    assert (table.delimiter, table.encoding, table.problems) == (delimiter, name, ())


def assert_notes(notes: Sequence[RowNote], *expected: tuple[int | str, ...]) -> None:
    """expected: for each note its row and the data that its message contains."""
    assert [note.row for note in notes] == [row for row, *_ in expected]
    for note, (row, *facts) in zip(notes, expected, strict=True):
        assert note.message.startswith(f"Row {row} ")
        assert [fact for fact in facts if str(fact) not in note.message] == []


def test_rows_are_numbered_as_in_a_spreadsheet(tmp_path):
    content = 'text,label\n"two\nlines",a\n\n , \nshort\nafter,b,,\na,b,c\n,\nlast,b\n'
    table = read(tmp_path, content)
    assert [(row.number, row.cells) for row in table.rows] == [
        (2, ("two\nlines", "a")),
        (6, ("after", "b")),
        (9, ("last", "b")),
    ]
    assert_notes(table.problems, (5, "1 cell ", "2"), (7, "3 cells ", "2", "quotation marks"))


def test_a_single_column_of_texts_with_commas(tmp_path):
    table = read(tmp_path, "review\nfine, really\nbad, bad, bad\n")
    assert table.columns == ("review",)
    assert texts_in(table, "review").rows == ((2, "fine, really"), (3, "bad, bad, bad"))
    assert guess_columns(table) == ("review", None)


def test_the_separator_is_the_one_that_fits_the_rows(tmp_path):
    table = read(tmp_path, "text, as written;label\none;a\ntwo, three;b\n")
    assert table.columns == ("text, as written", "label")
    assert table.rows[1].cells == ("two, three", "b")


def test_a_column_without_a_name_is_called_by_its_place(tmp_path):
    assert read(tmp_path, ",text,label\n7,x,a\n").columns == ("column 1", "text", "label")


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp"]), min_size=1), min_size=1))
@example(['He said "no"', '"', "a,b"])
def test_what_pandas_writes_is_read_without_its_index(tmp_path, texts):
    frame = pd.DataFrame({"the text": [f"{text} x" for text in texts], "the label": ["a b c"] * len(texts)})
    frame.to_csv(tmp_path / "rows.csv")
    table = read_table(tmp_path / "rows.csv")
    assert table.columns == ("the text", "the label")
    assert table.column("the text") == tuple(frame["the text"])
    assert len(table.notices) == 1


@pytest.mark.parametrize("mark", ["", "\ufeff", "\ufeff\ufeff"])
@pytest.mark.parametrize("first", ["sep=;", '"sep=;"', "SEP=;"])
def test_a_first_line_that_names_the_separator(tmp_path, first, mark):
    table = read(tmp_path, f"{mark}{first}\r\ntext;label\r\na, b, c;x\r\nd, e, f;y\r\n")
    assert table.columns == ("text", "label")
    assert [row.cells for row in table.rows] == [("a, b, c", "x"), ("d, e, f", "y")]


def test_lone_quotation_marks_in_a_tab_separated_file(tmp_path):
    """As in the files of GLUE, which quote nothing."""
    rows = [('"so dull', "0"), ('a film that says "go', "1"), ("it's fine", "1"), ('bad" acting', "0")] * 3
    table = read(tmp_path, "sentence\tlabel\n" + "".join(f"{text}\t{label}\n" for text, label in rows))
    assert [row.cells for row in table.rows] == rows


def test_quoted_cells_of_a_tab_separated_file_are_unquoted(tmp_path):
    table = read(tmp_path, 'text\tlabel\n"two\tparts and ""quotes"""\ta\nplain\tb\n')
    assert [row.cells for row in table.rows] == [('two\tparts and "quotes"', "a"), ("plain", "b")]


@pytest.mark.parametrize(
    "lines",
    [
        ["ham\tGo until jurong point", "ham\tOk lar", "spam\tFree entry", "ham\tU dun say so"],
        [f"a text of more than sixty characters is no name of a column {number};{number}" for number in range(4)],
    ],
)
def test_a_table_without_a_header_loses_no_row(tmp_path, lines):
    table = read(tmp_path, "\n".join(lines))
    assert len(table.rows) == len(lines)
    assert table.columns == ("column 1", "column 2")
    assert [row.number for row in table.rows] == [1, 2, 3, 4]
    assert len(table.notices) == 1


@pytest.mark.parametrize("codec", ["cp1252", "utf-16-le", "utf-16-be"])
def test_an_encoding_that_is_guessed_is_named(tmp_path, codec):
    text = "text,label\nun café à l’été,“bon”\nnothing,bad\n"
    table = read(tmp_path, text.encode(codec))
    assert table.rows[0].cells == ("un café à l’été", "“bon”")
    assert table.encoding in table.notices[0]
    assert read(tmp_path, text).notices == ()


@pytest.mark.parametrize("name", ["rows.xlsx", "rows.csv"])
def test_an_excel_file(tmp_path, name):
    frame = pd.DataFrame({"text": ["good film", "=1+1"], "label": [1, 0], "share": [0.5, 2.0], "seen": [True, False]})
    frame.to_excel(tmp_path / "rows.xlsx", index=False)
    (tmp_path / "rows.xlsx").rename(tmp_path / name)
    table = read_table(tmp_path / name)
    assert table.columns == ("text", "label", "share", "seen")
    assert table.rows[0] == TableRow(2, ("good film", "1", "0.5", "TRUE"))
    assert table.column("share") == ("0.5", "2")


def test_a_large_table_is_sampled_where_that_is_allowed(tmp_path):
    content = "text,label\n" + "".join(f"text {number},{'ab'[number % 2]}\n" for number in range(50_000))
    with pytest.raises(InputError, match="50,000"):
        read(tmp_path, content)
    table = read_table(tmp_path / "rows.csv", sample=True)
    numbers = [row.number for row in table.rows]
    assert len(numbers) == MAX_ROWS
    assert numbers == sorted(numbers)
    assert numbers[-1] > 40_000
    assert all(row.cells[0] == f"text {row.number - 2}" for row in table.rows)
    assert "50,000" in table.notices[0]
    assert read_table(tmp_path / "rows.csv", sample=True) == table


# Writing

CELLS = st.text(st.one_of(st.sampled_from("=+-@\t\r\n\",;'＝ a"), st.characters(codec="utf-8")), max_size=8).filter(
    lambda cell: "\0" not in cell
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.just("x"), CELLS, CELLS), min_size=1, max_size=6))
@example([("x", "=HYPERLINK(1)", "@a"), ("x", "-1", "\r\n"), ("x", "a;=1", '"=1')])
def test_what_is_written_is_read_again_and_runs_nowhere(tmp_path, rows):
    table = read(tmp_path, write_csv(("id", "the text itself", "-its label"), rows))
    assert table.columns == ("id", "the text itself", "'-its label")
    assert table.encoding == "UTF-8 with BOM"
    for found, (_, *cells) in zip(table.rows, rows, strict=True):
        for cell, original in zip(found.cells[1:], cells, strict=True):
            assert cell[:1] not in tuple("=+-@\t\r\n＝＋－＠")
            runs = original[:1] in tuple("=+-@\t\r\n＝＋－＠")
            assert cell == ("'" if runs else "") + original


def test_numbers_are_numbers_and_texts_in_quotes():
    assert write_csv(("text", "share"), [("it's", -0.25), ("-3", 7)]) == (
        b'\xef\xbb\xbf"text","share"\r\n"it\'s",-0.25\r\n"\'-3",7\r\n'
    )


# Labels


def test_rows_to_learn_from_and_what_is_left_out():
    long, rare = "x" * 41, ("r", "rare")
    table = labeled((" ", "a"), ("t", ""), ("t", long), ("t", "a\nb"), rare, ("=1+1", " a "), rare)
    found = labeled_rows(table, "text", "label")
    assert found.rows[-1] == ("=1+1", "a")
    assert len(found.rows) == 9
    assert found.counts == {"a": 5, "b": 4}
    assert_notes(
        found.problems,
        (10, "no text", '"text"'),
        (11, "no label", '"label"'),
        (12, "41 characters", "40", f'"{long}"'),
        (13, "line break", '"a b"'),
        (14, '"rare"', "2", "4"),
        (16, '"rare"', "2", "4"),
    )
    assert found.notices == ()


def test_problems_of_the_file_and_of_labels_in_one_order(tmp_path):
    rows = "".join(f"{label}{n},{label}\n" for n in range(4) for label in "ab")
    found = labeled_rows(read(tmp_path, f"text,label\n,a\nalone\n,b\n{rows}"), "text", "label")
    assert [note.row for note in found.problems] == [2, 3, 4]


def test_what_may_be_a_mistake():
    found = labeled_rows(labeled(("a 0", "a"), ("b 1", "a"), *[(f"t{n}", "A") for n in range(4)]), "text", "label")
    assert_notes(found.notices, (10, "row 2"), (11, "row 5", '"a", not "b"'), (12, '"A"', "row 2", '"a"'))
    assert found.counts == {"a": 6, "b": 4, "A": 4}


def test_labels_that_are_the_same_number():
    pairs = [(f"{label} {number}", label) for number in range(4) for label in ("0", "0.0", "1", "2")]
    found = labeled_rows(made(("text", "label"), *pairs), "text", "label")
    assert_notes(found.notices, (3, '"0"', '"0.0"'))


def test_texts_to_classify():
    found = texts_in(made(("n", "text"), ("1", "one"), ("2", " "), ("3", "=three")), "text")
    assert found.rows == ((2, "one"), (4, "=three"))
    assert [note.row for note in found.problems] == [3]


@pytest.mark.parametrize(
    ("columns", "rows", "expected"),
    [
        (("id", "label", "text"), [("1", "a", "t"), ("2", "b", "t")], ("text", "label")),
        (("Review", "stars", "Sentiment"), [("r", "5", "good"), ("s", "5", "bad")], ("Review", "Sentiment")),
        (("a", "b", "c"), [("1", "so long", "x"), ("2", "and long", "y"), ("3", "and on", "x")], ("b", "c")),
        (("a", "b", "c"), [("1", "so long", "x"), ("1", "and long", "y"), ("1", "and on", "z")], ("b", "c")),
        (("text", "x"), [("", "long, but not called text")], ("text", "x")),
        (("class", "x"), [("1", "b"), ("1", "c")], ("x", "class")),
    ],
)
def test_guessed_columns(columns, rows, expected):
    assert guess_columns(made(columns, *rows)) == expected


# What the project brings


@pytest.mark.parametrize("given", dataset_examples("fine_tuning"), ids=lambda example: example.title)
def test_built_in_sets(given):
    """Readable without a choice of columns, and short; `tests/claims/fine_tuning.py` checks what is in them."""
    table = read_table(given.file)
    assert guess_columns(table) == ("text", "label")
    found = labeled_rows(table, "text", "label")
    assert all(20 <= len(text.encode()) <= 90 for text, _ in found.rows)
    plain = list(csv.reader(StringIO(given.file.read_text(encoding="utf-8"))))
    assert [tuple(row) for row in plain[1:]] == list(found.rows)


def test_texts_to_classify_at_first():
    examples = text_examples("sentiment")
    assert len(examples) >= 6
    assert all(example.title and example.notice and not example.spans for example in examples)
    lengths = sorted(len(example.text.encode()) for example in examples)
    assert lengths[-2] < 200
    assert 1400 < lengths[-1] < 1600
