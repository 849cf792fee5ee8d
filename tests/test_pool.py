"""Unlabelled texts without what repeats gold texts, in memory that doesn't grow with them."""

import gc
import tracemalloc
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scripts.distill import pool_files, records, table_files
from scripts.distill.duplicates import find_duplicates
from scripts.distill.errors import InputError
from scripts.distill.pool import Pool
from scripts.distill.pool_files import name_files
from scripts.distill.records import TextRow, TextsMeta, read_texts, write_texts
from scripts.distill.synthetic import build_synthetic

from .conftest import ROOT, Run, RunStep, make_reviews, write_jsonl

TEXTS = ["a lamp that works", "naïve 😀 text", "one more, with a comma"]
GOLD = "the kettle that we bought last week broke on the second day and it was awful"


def write_lines(path: Path, *texts: str) -> Path:
    path.write_text("\n".join(texts), encoding="utf8")
    return path


def counts(pool: Pool) -> tuple[int, int, int, int]:
    return pool.kept, pool.exact, pool.near, pool.invalid


def test_what_repeats_gold_texts_is_dropped(tmp_path: Path) -> None:
    near = GOLD.replace("awful", "terrible")
    path = write_lines(tmp_path / "pool.txt", GOLD.upper(), near, "new", "New!", near, "other")
    pool = Pool(path, [GOLD])
    for _ in range(2):  # each pass counts anew
        assert list(pool) == [
            TextRow("new", "pool/pool.txt:3", "pool"),
            TextRow("other", "pool/pool.txt:6", "pool"),
        ]
        assert counts(pool) == (2, 2, 2, 0)


@settings(deadline=None, max_examples=40)
@given(st.data())
def test_the_same_texts_are_dropped_as_if_all_were_compared(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Of texts made of the same few words, most are near duplicates of some others."""
    words = st.lists(st.sampled_from("abcde"), min_size=1, max_size=12).map(" ".join)
    gold = data.draw(st.lists(words, max_size=6))
    texts = data.draw(st.lists(words, min_size=1, max_size=12))
    pool = Pool(write_lines(tmp_path_factory.mktemp("any") / "pool.txt", *texts), gold)
    rows = [row.text for row in pool]
    groups = ["gold"] * len(gold) + ["pool"] * len(texts)
    removed = [d for d in find_duplicates([*gold, *texts], groups) if d.position >= len(gold)]
    gone = {duplicate.position - len(gold) for duplicate in removed}
    assert rows == [text for i, text in enumerate(texts) if i not in gone]
    exact = sum(duplicate.exact for duplicate in removed)
    assert counts(pool) == (len(rows), exact, len(removed) - exact, 0)


def test_invalid_rows_are_counted(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "pool.jsonl", [{"text": "a"}, {"text": ""}, {"text": "b"}])
    with pytest.raises(InputError, match="line 2"):
        list(Pool(path, []))
    pool = Pool(path, [], skip_invalid=True)
    assert [row.text for row in pool] == ["a", "b"]
    assert counts(pool) == (2, 0, 0, 1)


def test_texts_of_emoji_and_control_characters_are_told_apart(tmp_path: Path) -> None:
    texts = ["👍", "👎", "👍👍", "\x01", "\x02", "\u200b", "?!"]
    pool = Pool(write_lines(tmp_path / "pool.txt", *texts, "👍", "\x02"), ["some gold text"])
    assert [row.text for row in pool] == texts
    assert counts(pool) == (7, 2, 0, 0)


def test_no_pool_is_none() -> None:
    assert list(Pool(None, ["gold"])) == []


def test_progress_adds_up(tmp_path: Path) -> None:
    told: list[int] = []
    list(Pool(write_lines(tmp_path / "pool.txt", *TEXTS), ["gold"], progress=told.append))
    assert sum(told) == len(TEXTS) + 1


def write_long_texts(path: Path, count: int) -> Path:
    """Texts of 1,000 characters."""
    texts = [f"number{i} " + f"{'x' * 98} " * 10 for i in range(count)]
    if path.suffix == ".parquet":
        table = pa.table({"text": texts})
        pq.write_table(table, path, compression="none", use_dictionary=False, data_page_size=10_000)
        return path
    return write_lines(path, *(["text"] if path.suffix == ".csv" else []), *texts)


def measure_peak(pool: Path, output: Path, expected: int) -> int:
    """How many bytes it takes at most to write a pool without its duplicates: Python's and Arrow's."""
    arrow = 0

    def look(compared: int) -> None:
        nonlocal arrow
        arrow = max(arrow, pa.total_allocated_bytes())

    texts = Pool(pool, [GOLD], progress=look)
    gc.collect()
    before = pa.total_allocated_bytes()
    tracemalloc.start()
    write_texts(output, texts, TextsMeta(["a", "b"], "", "", 0))
    peak = tracemalloc.get_traced_memory()[1] + arrow - before
    tracemalloc.stop()
    assert texts.kept == expected
    return peak


@pytest.mark.parametrize("ending", ["txt", "csv", "parquet"])
def test_memory_grows_by_a_key_for_each_text(
    ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For 6,000 more texts of 1,000 characters, 200 bytes each."""
    monkeypatch.setattr(records, "ROWS_PER_GROUP", 256)
    monkeypatch.setattr(pool_files, "CHUNK_CHARACTERS", 100_000)
    monkeypatch.setattr(pool_files, "CHUNK_ROWS", 100)
    monkeypatch.setattr(
        table_files, "CSV_BLOCK_BYTES", 10_000
    )  # some dozens of blocks are read ahead
    monkeypatch.setitem(records.FLAT_MEMORY, "buffer_size", 10_000)
    few, many = (
        measure_peak(
            write_long_texts(tmp_path / f"{count}.{ending}", count), tmp_path / "out.parquet", count
        )
        for count in (3000, 9000)
    )
    assert many - few < 6000 * 200


def test_pools_that_cannot_be_read_leave_the_corpus_as_it_was(
    run_step: RunStep, tmp_path: Path
) -> None:
    data = write_jsonl(tmp_path / "reviews.jsonl", make_reviews(120))
    good = write_lines(tmp_path / "good.txt", *TEXTS)
    rows: list[dict[str, object]] = [{"text": "x"}] * 9000
    bad = write_jsonl(tmp_path / "bad.jsonl", [*rows, {"text": 5}])
    corpus = tmp_path / "corpus"
    assert run_step("prepare", data, corpus, "--pool", good).code == 0
    before = {path.name: path.read_bytes() for path in corpus.iterdir()}
    outcome = run_step("prepare", data, corpus, "--pool", bad, "--seed", 1)
    assert outcome.code == 1
    assert "bad.jsonl, line 9001: 'text' is 5, expected a string." in outcome.output
    assert {path.name: path.read_bytes() for path in corpus.iterdir()} == before


def test_pools_that_only_repeat_themselves_are_counted_away(
    run_step: RunStep, tmp_path: Path
) -> None:
    reviews = make_reviews(120)
    data = write_jsonl(tmp_path / "reviews.jsonl", reviews)
    folder = tmp_path / "pool"
    folder.mkdir()
    write_lines(folder / "all.txt", *(str(row["text"]).upper() for row in reviews))
    (folder / "letter.docx").touch()
    corpus = tmp_path / "corpus"
    outcome = run_step("prepare", data, corpus, "--pool", folder)
    assert outcome.code == 0
    assert list(read_texts(corpus / "pool.parquet")) == []
    assert (
        "pool.parquet: 0 unlabelled texts from all.txt. Removed 120 exact duplicates and 0 near"
        in (outcome.output)
    )
    assert "left alone letter.docx" in outcome.output


def test_pool_of_some_labelled_texts_alone(
    run_step: RunStep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with the shipped reviews: their pool is for them, not for data of one's own."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "assets" / "pool" / "reviews").mkdir(parents=True)
    (tmp_path / "assets" / "reviews").mkdir()
    reviews, pool = Path("assets/reviews/en.jsonl"), Path("assets/pool")
    for data in (reviews, Path("mine.jsonl")):
        write_jsonl(data, make_reviews(120))
    write_lines(pool / "reviews" / "en.txt", *TEXTS)
    for data, expected in ((reviews, TEXTS), (Path("mine.jsonl"), [])):
        outcome = run_step("prepare", data, "corpus", "--pool", pool)
        assert (outcome.code, "left alone" in outcome.output) == (0, False)
        assert ("unlabelled texts from reviews/en.txt." in outcome.output) == bool(expected)
        assert [row.text for row in read_texts(Path("corpus/pool.parquet"))] == expected


def test_pools_of_many_files_are_named_in_short(tmp_path: Path) -> None:
    files = [tmp_path / f"{i}.txt" for i in range(8)]
    assert name_files(tmp_path, files[:2]) == "0.txt, 1.txt"
    assert name_files(tmp_path, files) == "0.txt, 1.txt, 2.txt, 3.txt, 4.txt and 3 more"
    assert name_files(tmp_path / "0.txt", files[:1]) == str(tmp_path / "0.txt")


def test_pool_reaches_the_teacher(small_run: Run, run_step: RunStep, tmp_path: Path) -> None:
    data = write_jsonl(tmp_path / "reviews.jsonl", make_reviews(120))
    write_lines(tmp_path / "pool.txt", *TEXTS)
    corpus = tmp_path / "corpus"
    outcome = run_step("prepare", data, corpus, "--pool", tmp_path / "pool.txt")
    assert outcome.code == 0
    assert f"3 unlabelled texts from {tmp_path / 'pool.txt'}." in outcome.output
    assert [row.text for row in read_texts(corpus / "pool.parquet")] == TEXTS
    synthetic = build_synthetic(
        ROOT / "configs" / "augment.cfg",
        corpus,
        small_run.teacher,
        tmp_path / "synthetic.parquet",
        lang="en",
        n_texts=20,
        tagger="lexicon",
        seed=0,
    )
    assert synthetic.pool == 3
    rows = list(read_texts(tmp_path / "synthetic.parquet"))
    assert [row.text for row in rows if row.method == "pool"] == TEXTS
