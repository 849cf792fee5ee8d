import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scripts.distill.errors import InputError
from scripts.distill.labels import TASKS, get_task
from scripts.distill.table_files import READERS, read_table
from scripts.distill.tables import SPLITS, RawData, read_labelled_texts

from .conftest import write_jsonl

# Texts that a reader with a mind of its own takes for something else.
TEXTS = [
    "Plain words.",
    "NA",
    "null",
    "nan",
    "None",
    "true",
    "123",
    "1.50",
    "007",
    "2024-01-31",
    "1,5 of 2; and\ta tab",
    'She said "no", twice',
    "It's 'quoted'",
    "two\nlines",
    "  spaces around  ",
    "déjà vu, Äpfel, ıİ, 日本語",
    "👍🏽 fine 👩‍👩‍👧",
    "<br/> &amp; \\n {x}",
]
FORMATS = sorted(READERS)


def write_table(path: Path, rows: Sequence[dict[str, Any]]) -> Path:
    frame = pd.DataFrame(list(rows))
    write: dict[str, Callable[[], None]] = {
        ".csv": lambda: frame.to_csv(path, index=False),
        ".tsv": lambda: frame.to_csv(path, index=False, sep="\t"),
        ".xlsx": lambda: frame.to_excel(path, index=False),
        ".parquet": lambda: frame.to_parquet(path, index=False),
    }
    if path.suffix in write:
        write[path.suffix]()
    else:
        write_jsonl(path, rows)
    return path


def read(path: Path, task: str = "multiclass", *, skip_invalid: bool = False) -> RawData:
    return read_labelled_texts(path, TASKS[task], skip_invalid=skip_invalid)


@pytest.mark.parametrize("ending", FORMATS)
def test_texts_come_back_as_they_are(tmp_path: Path, ending: str) -> None:
    rows = [{"text": text, "label": ["a", "NA"][i % 2]} for i, text in enumerate(TEXTS)]
    data = read(write_table(tmp_path / f"data{ending}", rows))
    assert [text.text for text in data.texts] == TEXTS
    assert [text.labels for text in data.texts] == [[row["label"]] for row in rows]
    first = 2 if ending == ".xlsx" else 1  # a sheet's header is a row like others
    assert [text.source for text in data.texts] == [f"data:{i + first}" for i in range(len(rows))]
    assert {text.split for text in data.texts} == {None}
    assert (data.left_out, data.invalid) == (0, 0)


@pytest.mark.parametrize("ending", FORMATS)
@settings(deadline=None, max_examples=15)
@given(
    texts=st.lists(
        # A spreadsheet holds no control characters and takes what begins with = for a formula.
        st.text(
            st.one_of(st.sampled_from("\"',;|\t \\"), st.characters(exclude_categories=["C"])),
            min_size=1,
            max_size=20,
        ).filter(lambda text: text.strip() and text[0] != "="),
        min_size=1,
        max_size=4,
    )
)
def test_any_text_comes_back(
    tmp_path_factory: pytest.TempPathFactory, ending: str, texts: list[str]
) -> None:
    path = tmp_path_factory.mktemp("any") / f"data{ending}"
    write_table(path, [{"text": text, "label": "a"} for text in texts])
    assert [text.text for text in read(path).texts] == texts


@settings(deadline=None, max_examples=40)
@given(
    texts=st.lists(
        st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip), min_size=1
    ),
    ensure_ascii=st.booleans(),
)
def test_any_json_string_comes_back(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], ensure_ascii: bool
) -> None:
    path = tmp_path_factory.mktemp("json") / "data.jsonl"
    lines = [json.dumps({"text": t, "label": "a"}, ensure_ascii=ensure_ascii) for t in texts]
    path.write_bytes("\n".join(lines).encode("utf8"))
    assert [text.text for text in read(path).texts] == texts


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize("stars", [[1, 2, 4, 5], ["1", "2", "4", "5"]])
def test_stars_as_numbers_and_strings(tmp_path: Path, ending: str, stars: list[Any]) -> None:
    rows = [{"text": f"text {s}", "stars": s} for s in stars]
    path = write_table(tmp_path / f"data{ending}", rows)
    assert [text.labels for text in read(path, "stars").texts] == [["1"], ["2"], ["4"], ["5"]]
    assert [text.labels[0] for text in read(path, "polarity").texts] == [
        "negative",
        "negative",
        "positive",
        "positive",
    ]


@pytest.mark.parametrize("ending", FORMATS)
def test_labels_joined_in_one_cell(tmp_path: Path, ending: str) -> None:
    rows = [{"text": "x", "labels": "b|a"}, {"text": "y", "labels": ""}]
    path = write_table(tmp_path / f"data{ending}", rows)
    assert [text.labels for text in read(path, "multilabel").texts] == [["a", "b"], []]


@pytest.mark.parametrize("ending", [".jsonl", ".ndjson", ".parquet"])
def test_labels_as_list(tmp_path: Path, ending: str) -> None:
    rows = [{"text": "x", "labels": ["b", "a"]}, {"text": "y", "labels": []}]
    path = write_table(tmp_path / f"data{ending}", rows)
    assert [text.labels for text in read(path, "multilabel").texts] == [["a", "b"], []]


@pytest.mark.parametrize("ending", FORMATS)
def test_split_column(tmp_path: Path, ending: str) -> None:
    given_splits = ["train", "training", "Dev", "val", "valid", "validation", " test "]
    rows = [{"text": f"t{i}", "label": "a", "split": s} for i, s in enumerate(given_splits)]
    data = read(write_table(tmp_path / f"data{ending}", rows))
    expected = ["train", "train", "dev", "dev", "dev", "dev", "test"]
    assert [text.split for text in data.texts] == expected


def test_ending_in_capitals(tmp_path: Path) -> None:
    path = write_table(tmp_path / "data.csv", [{"text": "x", "label": "a"}])
    assert read(path.rename(tmp_path / "DATA.CSV")).texts[0].text == "x"


def test_other_columns_do_no_harm(tmp_path: Path) -> None:
    path = write_table(tmp_path / "data.csv", [{"id": 1, "label": "a", "note": "", "text": "x"}])
    assert [(text.text, text.labels) for text in read(path).texts] == [("x", ["a"])]


def test_stars_come_before_label(tmp_path: Path) -> None:
    path = write_table(tmp_path / "data.csv", [{"text": "x", "label": "positive", "stars": 1}])
    assert read(path, "polarity").texts[0].labels == ["negative"]


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_newlines_of_either_kind(tmp_path: Path, newline: str) -> None:
    for name, lines in {
        "data.csv": ["text,label", "x,a", "y,b"],
        "data.jsonl": ['{"text": "x", "label": "a"}', "", '{"text": "y", "label": "b"}'],
    }.items():
        (tmp_path / name).write_bytes(newline.join([*lines, ""]).encode())
        data = read(tmp_path / name)
        assert [(text.text, text.labels) for text in data.texts] == [("x", ["a"]), ("y", ["b"])]


def test_byte_order_mark_of_a_csv_is_no_part_of_its_header(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("text,label\nx,a\n", encoding="utf-8-sig")
    assert read(path).texts[0].text == "x"


def test_three_stars_are_left_out_and_counted(tmp_path: Path) -> None:
    path = write_table(tmp_path / "data.csv", [{"text": f"t{s}", "stars": s} for s in (1, 3, 5, 3)])
    data = read(path, "polarity")
    assert [text.source for text in data.texts] == ["data:1", "data:3"]
    assert (data.left_out, data.invalid) == (2, 0)
    assert read(path, "stars").left_out == 0


@pytest.mark.parametrize("splits", [("train", "test"), ("train", "dev", "test")])
def test_folder(tmp_path: Path, splits: Sequence[str]) -> None:
    for split, ending in zip(splits, (".jsonl", ".csv", ".parquet")):
        write_table(tmp_path / f"{split}{ending}", [{"text": f"in {split}", "label": "a"}])
    (tmp_path / "README.md").write_text("Not a table.", encoding="utf8")
    data = read(tmp_path)
    assert [(text.text, text.split, text.source) for text in data.texts] == [
        (f"in {split}", split, f"{split}:1") for split in SPLITS if split in splits
    ]


def test_folder_adds_up_what_is_left_out(tmp_path: Path) -> None:
    rows = [{"text": "x", "stars": 1}, {"text": "y", "stars": 3}, {"text": "", "stars": 1}]
    for split in ("train", "test"):
        write_table(tmp_path / f"{split}.csv", rows)
    data = read(tmp_path, "polarity", skip_invalid=True)
    assert (len(data.texts), data.left_out, data.invalid) == (2, 2, 2)


@pytest.mark.parametrize("names", [[], ["train.csv"], ["test.csv", "dev.csv"]])
def test_folder_without_train_and_test(tmp_path: Path, names: list[str]) -> None:
    for name in names:
        write_table(tmp_path / name, [{"text": "x", "label": "a"}])
    with pytest.raises(InputError) as error:
        read(tmp_path)
    message = str(error.value)
    assert str(tmp_path) in message
    assert "expected the files train.* and test.*" in message
    assert all(name in message for name in names)


class Broken(NamedTuple):
    """A file that can't be used, the task, and what the message must say beside its name."""

    name: str
    content: str | bytes | None
    task: str
    says: tuple[str, ...]


SKIP = "--on-invalid skip"
BROKEN = {
    "missing": Broken("no.csv", None, "multiclass", ("'text'", "'label'", "--vars.data")),
    "ending": Broken("a.txt", "x", "multiclass", ("'.txt'", *FORMATS, "Convert")),
    "no ending": Broken("a", "x", "multiclass", ("''", *FORMATS, "Convert")),
    "empty jsonl": Broken(
        "a.jsonl", "", "multiclass", ("no rows", "Expected a table", "--vars.data")
    ),
    "blank jsonl": Broken("a.jsonl", "\n\n", "multiclass", ("no rows",)),
    "empty csv": Broken("a.csv", "", "multiclass", ()),
    "empty tsv": Broken("a.tsv", "", "multiclass", ()),
    "empty xlsx": Broken("a.xlsx", b"", "multiclass", ()),
    "empty parquet": Broken("a.parquet", b"", "multiclass", ()),
    "header only": Broken("a.csv", "text,label\n", "multiclass", ("no rows", "Expected")),
    "json line": Broken(
        "a.jsonl",
        '{"text": "x", "label": "a"}\n{"text": "y", "label": \n',
        "multiclass",
        ("line 2", "not valid JSON", "Expecting value", SKIP),
    ),
    "csv row": Broken(
        "a.csv",
        "text,label\nx,a\ny,oh,b\n",
        "multiclass",
        ("line 3", "3 fields, expected 2", SKIP),
    ),
    "tsv row": Broken(
        "a.tsv",
        "text\tlabel\nx\ta\ny\toh\tb\n",
        "multiclass",
        ("line 3", "3 fields, expected 2", SKIP),
    ),
    "short csv row": Broken(
        "a.csv", "text,label\nx,a\ny\n", "multiclass", ("line 3", "1 fields, expected 2", SKIP)
    ),
    "csv latin 1": Broken(
        "a.csv", "text,label\nété,a\n".encode("latin1"), "multiclass", ("UTF-8", "byte 11")
    ),
    "jsonl latin 1": Broken(
        "a.jsonl", '{"text": "é"}'.encode("latin1"), "multiclass", ("isn't UTF-8", "Save it as")
    ),
    "csv utf 16": Broken(
        "a.csv", "text,label\nx,a\n".encode("utf16"), "multiclass", ("isn't UTF-8", "Save it as")
    ),
    "xlsx text": Broken("a.xlsx", "text,label\nx,a\n", "multiclass", ()),
    "xlsx cut short": Broken("a.xlsx", b"PK\x03\x04" + b"x" * 50, "multiclass", ()),
    "parquet text": Broken("a.parquet", "text,label\nx,a\n", "multiclass", ()),
    "no text column": Broken(
        "a.csv",
        "review,label\nx,a\n",
        "multiclass",
        ("'text' and 'label'", "found: review, label", "Rename the columns", "--vars.task"),
    ),
    "no label column": Broken(
        "a.csv",
        "text,labels\nx,a\n",
        "polarity",
        ("task 'polarity'", "'stars' or 'label'", "found: text, labels", "Rename the columns"),
    ),
    "empty text": Broken(
        "a.csv", 'text,label\nx,a\n"",b\n', "multiclass", ("line 3", "'text' is empty", SKIP)
    ),
    "blank text": Broken(
        "a.jsonl",
        '{"text": " \\n", "label": "a"}',
        "multiclass",
        ("line 1", "'text' is empty", SKIP),
    ),
    "null text": Broken(
        "a.jsonl",
        '{"text": "x", "label": "a"}\n{"text": null, "label": "a"}',
        "multiclass",
        ("line 2", "'text' is empty", SKIP),
    ),
    "empty label": Broken(
        "a.csv", "text,label\nx,\n", "multiclass", ("line 2", "expected a label")
    ),
    "unknown label": Broken(
        "a.csv",
        "text,label\nx,positive\ny,neutral\n",
        "polarity",
        ("line 3", "unknown label 'neutral'", "expected one of: negative, positive", SKIP),
    ),
    "unknown stars": Broken(
        "a.jsonl",
        '{"text": "x", "stars": 6}',
        "stars",
        ("line 1", "unknown label: 'stars' is 6", "expected 1, 2, 3, 4 or 5", SKIP),
    ),
    "no labels": Broken(
        "a.jsonl",
        '{"text": "x", "labels": ["a"]}\n{"text": "y"}',
        "multilabel",
        ("line 2", "'labels' is None", "expected a list, or labels joined by '|'", SKIP),
    ),
    "unknown split": Broken(
        "a.csv",
        "text,label,split\nx,a,train\ny,b,holdout\n",
        "multiclass",
        ("line 3", "unknown split 'holdout'", "expected one of: train, dev, test", SKIP),
    ),
}


@pytest.mark.parametrize("case", BROKEN.values(), ids=BROKEN.keys())
def test_message_says_where_what_was_expected_and_what_to_do(tmp_path: Path, case: Broken) -> None:
    path = tmp_path / case.name
    if case.content is not None:
        content = case.content
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(InputError) as error:
        read(path, case.task)
    message = str(error.value)
    assert message.startswith("Can't ")
    assert [part for part in (str(path), *case.says) if part not in message] == []


@pytest.mark.parametrize("ending", FORMATS)
def test_skip_invalid_counts_rows(tmp_path: Path, ending: str) -> None:
    rows = [
        {"text": "good", "stars": "5", "split": "train"},
        {"text": " ", "stars": "5", "split": "train"},
        {"text": "no stars", "stars": "9", "split": "train"},
        {"text": "no split", "stars": "5", "split": "later"},
        {"text": "three", "stars": "3", "split": "train"},
        {"text": "bad", "stars": "1", "split": "test"},
    ]
    path = write_table(tmp_path / f"data{ending}", rows)
    data = read(path, "polarity", skip_invalid=True)
    assert [(text.text, text.labels, text.split, text.source) for text in data.texts] == [
        ("good", ["positive"], "train", "data:2" if ending == ".xlsx" else "data:1"),
        ("bad", ["negative"], "test", "data:7" if ending == ".xlsx" else "data:6"),
    ]
    assert (data.left_out, data.invalid) == (1, 3)
    where = {".parquet": "row 2", ".xlsx": "row 3", ".csv": "line 3", ".tsv": "line 3"}
    with pytest.raises(InputError, match=rf"{where.get(ending, 'line 2')}: 'text' is empty"):
        read(path, "polarity")


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("last", "says"), [("1,2,3", "3 fields, expected 2"), ('"",a', "'text' is empty")]
)
def test_lines_are_counted_where_rows_have_several_or_none(
    last: str, says: str, newline: str, tmp_path: Path
) -> None:
    lines = ["", "text,label", '"two', 'lines, and a ""quote""",a', "", "", "y,b", "", last]
    path = tmp_path / "a.csv"
    path.write_bytes(newline.join(lines).encode("utf-8-sig"))
    with pytest.raises(InputError, match=rf"a\.csv, line 9: {says}"):
        read(path)
    data = read(path, skip_invalid=True)
    assert [text.source for text in data.texts] == ["a:1", "a:2"]
    assert data.texts[0].text == 'two\nlines, and a "quote"'


@pytest.mark.parametrize(
    "name, content",
    [
        (
            "a.jsonl",
            '{"text": "x", "label": "a"}\n{oops\n\n{"text": "y", "label": "b"}\n{"text":\n',
        ),
        ("a.csv", "text,label\nx,a\n1,2,3\ny,b\n1,2,3,4\n"),
        ("a.tsv", "text\tlabel\nx\ta\n1\t2\t3\ny\tb\n1\t2\t3\t4\n"),
    ],
)
def test_skip_invalid_counts_lines_that_do_not_parse(
    tmp_path: Path, name: str, content: str
) -> None:
    path = tmp_path / name
    path.write_text(content, encoding="utf8")
    data = read(path, skip_invalid=True)
    assert [(text.text, text.labels) for text in data.texts] == [("x", ["a"]), ("y", ["b"])]
    assert data.invalid == 2
    with pytest.raises(InputError, match=rf"line {2 if name == 'a.jsonl' else 3}: "):
        read(path)


@pytest.mark.parametrize(
    "name, content",
    [
        ("a.jsonl", "{oops\n"),
        ("a.csv", ""),
        ("a.xlsx", "no workbook"),
        ("a.parquet", "no parquet"),
        ("a.csv", "review,label\nx,a\n"),
    ],
)
def test_skip_invalid_does_not_hide_an_unusable_file(
    tmp_path: Path, name: str, content: str
) -> None:
    path = tmp_path / name
    path.write_text(content, encoding="utf8")
    with pytest.raises(InputError) as error:
        read(path, skip_invalid=True)
    assert str(path) in str(error.value)


def test_read_table_returns_frame_and_count(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("text,label\nNA,1\n1,2,3\n", encoding="utf8")
    frame, skipped = read_table(path, skip_invalid=True)
    assert frame.to_dict("records") == [{"text": "NA", "label": "1"}]
    assert skipped == 1


def test_a_comma_too_many_is_no_shift(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("text,label\nGood, really,pos\nBad,neg\n", encoding="utf8")
    with pytest.raises(InputError, match="line 2: 3 fields, expected 2"):
        read(path)
    data = read_labelled_texts(path, TASKS["multiclass"], skip_invalid=True)
    assert [(text.text, text.source) for text in data.texts] == [("Bad", "a:2")]
    assert data.invalid == 1


def test_line_separators_inside_a_text_do_not_end_a_row(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"text":"a\u2028b\u0085c","label":"b"}\n{oops\n', encoding="utf8")
    data = read_labelled_texts(path, TASKS["multiclass"], skip_invalid=True)
    assert [text.text for text in data.texts] == ["a\u2028b\u0085c"]
    assert data.invalid == 1


def test_rows_keep_their_numbers_when_others_are_skipped(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{oops\n\n{"text":"a","label":1}\n5\n{"text":"b"}\n{"text":"c","label":2}')
    data = read_labelled_texts(path, TASKS["multiclass"], skip_invalid=True)
    assert [(text.source, text.labels) for text in data.texts] == [("a:3", ["1"]), ("a:6", ["2"])]
    assert data.invalid == 3


def test_split_names_of_files_have_aliases(tmp_path: Path) -> None:
    for name in ("train", "validation", "test"):
        (tmp_path / f"{name}.csv").write_text(f"text,label\n{name},a\n", encoding="utf8")
    data = read_labelled_texts(tmp_path, TASKS["multiclass"])
    assert [(text.text, text.split) for text in data.texts] == [
        ("train", "train"),
        ("validation", "dev"),
        ("test", "test"),
    ]
    (tmp_path / "dev.jsonl").write_text('{"text":"x","label":"a"}', encoding="utf8")
    with pytest.raises(InputError, match=r"dev\.jsonl and validation\.csv"):
        read_labelled_texts(tmp_path, TASKS["multiclass"])


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.xlsx", bytes.fromhex("D0CF11E0A1B11AE1") + b"x" * 600),
        ("a.parquet", b"PAR1" + b"x" * 100 + (50).to_bytes(4, "little") + b"PAR1"),
    ],
)
def test_damaged_files_are_refused(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=r"Can't read .*Expected a table"):
        read(tmp_path / name)


def test_missing_values_of_nullable_columns(tmp_path: Path) -> None:
    frame = pd.DataFrame({"text": ["x", "y"], "label": ["a", None]}).convert_dtypes()
    frame.to_parquet(tmp_path / "a.parquet")
    with pytest.raises(InputError, match="row 2: 'label' is empty"):
        read(tmp_path / "a.parquet")


@pytest.mark.parametrize("skip", [True, False])
def test_open_quote_is_never_skipped(skip: bool, tmp_path: Path) -> None:
    """The rows it swallows would be lost without being counted."""
    lines = [f"text number {i},pos" for i in range(100)]
    lines[79] = '"a quote that is not closed,pos'
    path = tmp_path / "data.csv"
    path.write_text("\n".join(["text,label", *lines]), encoding="utf8")
    with pytest.raises(InputError, match=r"line 81: .*isn't closed .*see line 101.*Mend") as error:
        read_labelled_texts(path, get_task("multiclass"), skip_invalid=skip)
    assert len(str(error.value)) < 600


def test_texts_may_have_tabs_and_newlines_between_quotes(tmp_path: Path) -> None:
    texts = ["Pro:\n\tcheap\nCon:\n\tloud", "one\ttab", "two\nlines", "a\tb\tc\nd\te\tf"]
    frame = pd.DataFrame({"text": texts, "label": ["a", "b", "a", "b"]})
    frame.to_csv(tmp_path / "a.tsv", sep="\t", index=False)
    found = read_labelled_texts(tmp_path / "a.tsv", get_task("multiclass"), skip_invalid=False)
    assert [text.text for text in found.texts] == texts


@pytest.mark.parametrize("skip", [True, False])
@pytest.mark.parametrize(
    ("name", "rows", "where"),
    [
        # Text after a closing quote: rows are swallowed, or the quotes alone are lost.
        (
            "a.tsv",
            '"To be or not to be\tneg\nGood film\tpos\n"Another text\tpos',
            r"line 3: .*line 5",
        ),
        ("a.csv", '"To be or not to be,neg\nGood film,pos\n"Another text,pos', r"line 3: .*line 5"),
        ("a.tsv", '"Great" he said\tpos', r"line 3: a field begins .* at its end, in"),
        ("a.csv", '"He said \\"no\\"",pos', r"line 3: a field begins .* at its end, in"),
        # A quote that means inches closes it as if it belonged to it.
        ("a.tsv", '"To be\tneg\nA screen of 24"\tpos', r"line 3: .*holds whole rows, up to line 4"),
        ("a.tsv", '"To be\tneg\nGood\tpos\nA screen of 24"\tpos', r"line 3: .*up to line 5"),
    ],
)
def test_quotes_that_do_not_enclose_a_field(
    name: str, rows: str, where: str, skip: bool, tmp_path: Path
) -> None:
    path = tmp_path / name
    header, first = "text\tlabel", "Fine\tpos"
    lines = [header, first] if name == "a.tsv" else [header.replace("\t", ","), "Fine,pos"]
    path.write_text("\n".join([*lines, rows, ""]), encoding="utf8")
    with pytest.raises(InputError, match=rf"{where}.*Expected a quote .*JSONL"):
        read(path, skip_invalid=skip)


def test_quotes_within_a_field_are_text(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('text,label\nA 24" screen,a\n"A ""fine"", loud\none",a\nsaid "no",a\n')
    assert [text.text for text in read(path).texts] == [
        'A 24" screen',
        'A "fine", loud\none',
        'said "no"',
    ]


def test_semicolons_are_named(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("text\ngood;pos,1\n", encoding="utf8")
    with pytest.raises(InputError, match="commas, not semicolons"):
        read_table(path)


def test_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("text,label,label\na,b,c\n", encoding="utf8")
    with pytest.raises(InputError, match=r"several columns named label"):
        read_table(path)


def test_texts_longer_than_spacy_takes_are_invalid(tmp_path: Path) -> None:
    path = tmp_path / "data.parquet"
    pd.DataFrame({"text": ["a", "b " * 600_000], "label": ["x", "y"]}).to_parquet(path)
    with pytest.raises(InputError, match=r"row 2: 'text' has 1,200,000 characters"):
        read_labelled_texts(path, get_task("multiclass"))
    assert read_labelled_texts(path, get_task("multiclass"), skip_invalid=True).invalid == 1
