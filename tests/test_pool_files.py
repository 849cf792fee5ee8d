"""Pools are read in chunks, whatever people have, with the same outcome however large the chunks are."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from scripts.distill import pool_files, table_files
from scripts.distill.errors import InputError
from scripts.distill.pool_files import READERS, PoolText, list_files, read_pool

from .conftest import write_jsonl

TEXTS = ["a lamp that works", "naïve 😀 text", "one more, with a comma", "NA", "007", 'a "quote"']
ENDINGS = ["jsonl", "csv", "tsv", "xlsx", "parquet", "txt"]


class Read(NamedTuple):
    """What a pool held."""

    texts: list[str]
    sources: list[str]
    invalid: int


def read(path: Path, *, skip_invalid: bool = False) -> Read:
    invalid: list[int] = []
    rows = list(read_pool(path, skip_invalid=skip_invalid, on_invalid=invalid.append))
    return Read([row.text for row in rows], [row.source for row in rows], sum(invalid))


def write_pool(path: Path, texts: list[str]) -> Path:
    frame = pd.DataFrame({"other": range(len(texts)), "text": texts})
    write: dict[str, Callable[[], object]] = {
        ".jsonl": lambda: frame.to_json(path, orient="records", lines=True),
        ".csv": lambda: frame.to_csv(path, index=False),
        ".tsv": lambda: frame.to_csv(path, index=False, sep="\t"),
        ".xlsx": lambda: frame.to_excel(path, index=False),
        ".parquet": lambda: frame.to_parquet(path),
        ".txt": lambda: path.write_text("\n\n".join(texts) + "\n", encoding="utf8"),
    }
    write[path.suffix]()
    return path


@pytest.fixture(params=["large chunks", "small chunks"])
def chunks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "small chunks":
        monkeypatch.setattr(pool_files, "CHUNK_CHARACTERS", 40)
        monkeypatch.setattr(pool_files, "CHUNK_ROWS", 2)
        monkeypatch.setattr(table_files, "CSV_BLOCK_BYTES", 64)
    return str(request.param)


@pytest.mark.usefixtures("chunks")
@pytest.mark.parametrize("ending", ENDINGS)
def test_formats(ending: str, tmp_path: Path) -> None:
    found = read(write_pool(tmp_path / f"pool.{ending}", TEXTS))
    assert found.texts == TEXTS
    rows = {"txt": range(1, 12, 2), "xlsx": range(2, 8)}.get(ending, range(1, 7))
    assert found.sources == [f"pool/pool.{ending}:{row}" for row in rows]
    assert found.invalid == 0


@pytest.mark.usefixtures("chunks")
@pytest.mark.parametrize("ending", ["jsonl", "csv", "parquet", "txt"])
def test_texts_of_many_chunks_keep_their_order(ending: str, tmp_path: Path) -> None:
    texts = [f"text number {i}" for i in range(300)]
    assert read(write_pool(tmp_path / f"pool.{ending}", texts)).texts == texts


@pytest.mark.usefixtures("chunks")
@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "pool.jsonl",
            '{"text": "one"}\n\n{oops\n{"text": " "}\nnull\n{"text": 5, "other": 1}\n{"other": 2}\n'
            '{"text": "two"}\n{"text":\n',
            "line 3: not valid JSON",
        ),
        (
            "pool.csv",
            'text,other\none,1\n1,2,3\n"",2\n" ",3\n1\n1\nhere\ntwo,4\n1,2,3\n',
            "line 3: 3 fields, expected 2",
        ),
        (
            "pool.tsv",
            "other\ttext\n1\tone\n1\t2\t3\n2\t\n3\t \n1\n1\n1\n4\ttwo\n1\n",
            "line 3: 3 fields, expected 2",
        ),
    ],
)
def test_invalid_rows_are_refused_or_counted(
    name: str, content: str, message: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_text(content, encoding="utf8")
    with pytest.raises(InputError, match=message):
        read(path)
    rows = (1, 8)
    assert read(path, skip_invalid=True) == (
        ["one", "two"],
        [f"pool/{name}:{row}" for row in rows],
        7 if name != "pool.jsonl" else 6,
    )


@pytest.mark.usefixtures("chunks")
@pytest.mark.parametrize("ending", ["jsonl", "csv", "txt"])
def test_newlines_and_byte_order_mark_are_no_part_of_texts(ending: str, tmp_path: Path) -> None:
    lines = {
        "jsonl": ['{"text": "one"}', '{"text": "two\\r\\nlines"}', '{"text": "three"}'],
        "csv": ["text", "one", '"two', 'lines"', "three"],
        "txt": ["one", "two", "three"],
    }[ending]
    path = tmp_path / f"pool.{ending}"
    path.write_bytes("\r\n".join([*lines, ""]).encode("utf-8-sig"))
    two = {"jsonl": "two\r\nlines", "csv": "two\nlines", "txt": "two"}[ending]
    assert read(path).texts == ["one", two, "three"]


@pytest.mark.usefixtures("chunks")
@pytest.mark.parametrize("ending", ["jsonl", "csv", "txt"])
@pytest.mark.parametrize("last", [True, False])
def test_bytes_that_are_not_utf_8_are_found_anywhere(
    last: bool, ending: str, tmp_path: Path
) -> None:
    path = write_pool(tmp_path / f"pool.{ending}", ["été"] * 50)
    content = path.read_bytes().rstrip()
    path.write_bytes(content + b"\xc3" if last else content + b"\n\xe9t\xe9\n" + content)
    start = len(content) if last else len(content) + 1
    with pytest.raises(InputError, match=rf"isn't UTF-8 text \(.* at byte {start}\).*Save it"):
        read(path, skip_invalid=True)


@pytest.mark.usefixtures("chunks")
@pytest.mark.parametrize("skip_invalid", [True, False])
@pytest.mark.parametrize("more", ["", ",pos"])
@pytest.mark.parametrize("last", ["", '"the next quote', 'the next "quote"'])
def test_quotes_that_stay_open_are_never_skipped(
    last: str, more: str, skip_invalid: bool, tmp_path: Path
) -> None:
    lines = [f"text number {i}{more}" for i in range(100)]
    lines[79] = f'"a quote that is not closed{more}'
    lines[98] = f"{last}{more}"
    path = tmp_path / "pool.csv"
    path.write_text("\n".join(["text,label" if more else "text", *lines]), encoding="utf8")
    with pytest.raises(InputError, match=r"pool\.csv, line 81: .*isn't closed.*Mend"):
        read(path, skip_invalid=skip_invalid)


def test_rows_longer_than_a_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_pool(tmp_path / "pool.csv", ["short", "x " * 40])
    monkeypatch.setattr(table_files, "CSV_BLOCK_BYTES", 64)
    with pytest.raises(InputError, match=r"pool\.csv, line 3: .*more than 64 characters"):
        read(path, skip_invalid=True)
    # Of fields none of which is too long.
    path = write_pool(tmp_path / "pool.csv", ["short", "é" * 60])
    with pytest.raises(InputError, match=r"more than 64 bytes, or a quote isn't closed"):
        read(path, skip_invalid=True)


@pytest.mark.usefixtures("chunks")
def test_column_that_the_first_rows_lack(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "pool.jsonl", [{"text": "x" * 50}, {"other": "y" * 50}])
    assert read(path, skip_invalid=True) == (["x" * 50], ["pool/pool.jsonl:1"], 1)
    with pytest.raises(InputError, match="line 2: 'text' is empty"):
        read(path)


@pytest.mark.parametrize("skip_invalid", [True, False])
@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("pool.jsonl", b"", "holds no rows"),
        ("pool.txt", b"", "holds no rows"),
        ("pool.txt", b" \n\n", "holds no rows"),
        ("pool.csv", b"", "Empty CSV file"),
        ("pool.tsv", b"text\tother\n", "holds no rows"),
        ("pool.xlsx", b"", "not a zip file"),
        ("pool.parquet", b"", "size is 0 bytes"),
        ("pool.parquet", b"text\none\n", "Parquet magic bytes"),
        ("pool.jsonl", b'{"review": "one"}\n', "expected the column 'text', found: review"),
        ("pool.csv", b"review,text\x20\none,two\n", "expected the column 'text', found: review, "),
        ("pool.csv", b"text,other,other\na,b,c\n", "several columns named other"),
        ("pool.doc", b"text", r"unknown ending '\.doc'.*\.txt"),
    ],
)
def test_files_that_cannot_be_used(
    name: str, content: bytes, message: str, skip_invalid: bool, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError, match=message) as error:
        read(path, skip_invalid=skip_invalid)
    assert str(path) in str(error.value)
    assert "'label'" not in str(error.value)  # a pool has none


@pytest.mark.usefixtures("chunks")
def test_parquet_of_other_types_of_columns(tmp_path: Path) -> None:
    path = tmp_path / "pool.parquet"
    pq.write_table(pa.table({"text": pa.array(["a", None, "b"]).dictionary_encode()}), path)
    assert read(path, skip_invalid=True) == (
        ["a", "b"],
        [f"pool/pool.parquet:{i}" for i in (1, 3)],
        1,
    )
    pq.write_table(pa.table({"text": [1.5, None, 2.5]}), path)
    assert read(path, skip_invalid=True) == ([], [], 3)
    with pytest.raises(InputError, match=r"row 1: 'text' is 1\.5, expected a string"):
        read(path)
    pq.write_table(pa.table({"review": ["a"]}), path)
    with pytest.raises(InputError, match="expected the column 'text', found: review"):
        read(path)
    pq.write_table(pa.table({"text": pa.array([], pa.string())}), path)
    with pytest.raises(InputError, match="holds no rows"):
        read(path)


def test_damaged_parquet(tmp_path: Path) -> None:
    path = tmp_path / "pool.parquet"
    pq.write_table(pa.table({"text": [f"text number {i}" for i in range(5000)]}), path)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match=r"Can't read .*pool\.parquet as \.parquet"):
        read(path, skip_invalid=True)
    # Where what stands at its end is whole, the damage shows when the rows are read.
    path.write_bytes(content[:500] + b"\xff" * 5000 + content[5500:])
    with pytest.raises(InputError, match=r"Can't read .*pool\.parquet as \.parquet"):
        read(path, skip_invalid=True)


@pytest.mark.parametrize("ending", ["jsonl", "csv", "parquet", "txt"])
def test_texts_longer_than_spacy_takes(ending: str, tmp_path: Path) -> None:
    path = write_pool(tmp_path / f"pool.{ending}", ["short", "x" * 2_000_000, "after"])
    with pytest.raises(InputError, match=r"(row|line) \d: 'text' has 2,000,000 characters"):
        read(path)
    found = read(path, skip_invalid=True)
    assert (found.texts, found.invalid) == (["short", "after"], 1)


@pytest.mark.parametrize("ending", ["jsonl", "csv", "parquet", "txt"])
def test_emoji_and_control_characters_are_texts(ending: str, tmp_path: Path) -> None:
    texts = ["👍🏽", "👩‍👩‍👧", "\x01\x02", "a\x00b", "\u200b", "\x7f"]
    assert read(write_pool(tmp_path / f"pool.{ending}", texts)).texts == texts


def test_half_of_a_surrogate_pair_is_left_out(tmp_path: Path) -> None:
    """It can stand in JSON, but in no text that can be written."""
    path = tmp_path / "pool.jsonl"
    path.write_text('{"text": "half \\ud800 of it"}\n', encoding="utf8")
    assert read(path).texts == ["half  of it"]


def test_missing_path_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere.*--vars\.pool"):
        read(tmp_path / "nowhere")


@pytest.mark.parametrize("pool", [Path(), Path("..") / "here"])
def test_current_folder_is_no_pool(
    pool: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    write_jsonl(tmp_path / "here" / "notes.jsonl", [{"text": "not for the teacher"}])
    monkeypatch.chdir(tmp_path / "here")
    with pytest.raises(InputError, match=r"as a pool: .*an empty folder for no pool.*--vars\.pool"):
        read(pool)


def test_folders_are_read_whole_but_for_what_is_no_table(tmp_path: Path) -> None:
    for name in ("README.md", "readme.txt", ".hidden.csv", "notes.docx"):
        (tmp_path / name).write_text("not a text", encoding="utf8")
    (tmp_path / "folder.csv").mkdir()
    assert read(tmp_path) == ([], [], 0)
    (tmp_path / "a.txt").write_text("first", encoding="utf8")
    write_jsonl(tmp_path / "b.JSONL", [{"text": "second"}])
    assert list(read_pool(tmp_path)) == [
        PoolText("first", "pool/a.txt:1"),
        PoolText("second", "pool/b.JSONL:1"),
    ]
    tables, others = list_files(tmp_path)
    assert [path.name for path in tables] == ["a.txt", "b.JSONL"]
    assert [path.name for path in others] == ["folder.csv", "notes.docx"]


@pytest.fixture
def assets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder "assets" with a pool that has files for any labelled texts and for some alone."""
    for name in (
        "reviews/en.jsonl",
        "reviews/nl.csv",
        "pool/any.txt",
        "pool/reviews/en.txt",
        "pool/reviews/nl.txt",
    ):
        path = tmp_path / "assets" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"of {name}", encoding="utf8")
    monkeypatch.chdir(tmp_path)
    return Path("assets")


def read_for(pool: Path, data: Path | None) -> list[str]:
    return [row.text.removeprefix("of pool/") for row in read_pool(pool, data=data)]


@pytest.mark.parametrize(
    ("data", "own"),
    [
        ("reviews/en.jsonl", ["reviews/en.txt"]),
        ("reviews/nl.csv", ["reviews/nl.txt"]),
        ("../assets/reviews/nl.csv", ["reviews/nl.txt"]),
        ("en.jsonl", []),
        ("../reviews/en.jsonl", []),
        ("else/reviews/en.jsonl", []),
        (None, []),
    ],
)
def test_files_for_some_labelled_texts_alone(
    data: str | None, own: list[str], assets: Path, tmp_path: Path
) -> None:
    wanted = assets / data if data else None
    for pool in (assets / "pool", tmp_path / "assets" / "pool"):
        assert read_for(pool, wanted) == ["any.txt", *own]


def test_links_are_names_like_others(assets: Path, tmp_path: Path) -> None:
    """A link to the Dutch texts that is called like the English ones stands for these."""
    link, pool = assets / "reviews" / "fr.jsonl", assets / "linked"
    try:
        link.symlink_to(tmp_path / "assets" / "reviews" / "nl.csv")
        pool.symlink_to(tmp_path / "assets" / "pool", target_is_directory=True)
    except OSError:
        pytest.skip("no links on this system")
    assert read_for(assets / "pool", link) == ["any.txt"]
    assert read_for(pool, assets / "reviews" / "en.jsonl") == ["any.txt", "reviews/en.txt"]


def test_what_is_of_no_use_to_any_labelled_texts_is_named(assets: Path) -> None:
    for name in ("topics/en.txt", "reviews/it.txt", "reviews/en.docx", "old/en.txt", "notes.docx"):
        path = assets / "pool" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("of no use", encoding="utf8")
    for data in (None, assets / "reviews" / "en.jsonl", assets / "reviews" / "nl.csv"):
        others = list_files(assets / "pool", data).others
        named = [path.relative_to(assets / "pool").as_posix() for path in others]
        assert named == [
            "notes.docx",
            "old",
            "reviews/en.docx",
            "reviews/it.txt",
            "topics",
        ]


def test_files_of_one_name_are_different_sources(assets: Path) -> None:
    (assets / "pool" / "en.txt").write_text("for any", encoding="utf8")
    rows = read_pool(assets / "pool", data=assets / "reviews" / "en.jsonl")
    assert [row.source for row in rows] == [
        "pool/any.txt:1",
        "pool/en.txt:1",
        "pool/reviews/en.txt:1",
    ]


def test_files_of_a_folder_are_counted_together(tmp_path: Path) -> None:
    for name in ("a.jsonl", "b.jsonl"):
        write_jsonl(tmp_path / name, [{"text": "good"}, {"text": " "}, {"text": None}])
    with pytest.raises(InputError, match=r"a\.jsonl, line 2: 'text' is empty"):
        read(tmp_path)
    found = read(tmp_path, skip_invalid=True)
    assert (found.texts, found.invalid) == (["good", "good"], 4)


def test_every_format_of_labelled_texts_makes_a_pool() -> None:
    assert set(READERS) == {*table_files.READERS, ".txt"}
