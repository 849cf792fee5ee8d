import dataclasses
import json
import random
from collections import Counter
from pathlib import Path

import pytest
import srsly

from scripts.convert import describe_sizes
from scripts.distill import public_data
from scripts.distill.duplicates import find_duplicates
from scripts.distill.errors import InputError
from scripts.distill.labels import get_task
from scripts.distill.pool_files import read_pool
from scripts.distill.public_data import SETS, PublicText, Sizes
from scripts.distill.public_splits import Converted, convert_public, draw_splits
from scripts.distill.tables import read_labelled_texts

from .conftest import RunStep, make_reviews
from .test_public_data import HEADER, write_archive, write_lines, write_review

SIZES = Sizes(20, 10, 10, 15)
WORDS = [str(row["text"]) for row in make_reviews(200)]
GOLD = ("train", "dev", "test")


def make_texts(count: int, part: str = "", labels: list[str] | None = None) -> list[PublicText]:
    return [PublicText(text, labels or ["pos"], part) for text in WORDS[:count]]


def read_rows(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf8").splitlines()]


@pytest.fixture
def small_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the public sets have splits that a few made-up rows can fill."""
    small = {name: dataclasses.replace(public, sizes=SIZES) for name, public in SETS.items()}
    monkeypatch.setattr(public_data, "SETS", small)


def write_raw(name: str, folder: Path) -> Path:
    """Write 100 made-up rows in the form of a set; of every fifth of the reviews, mixed ones."""
    if name == "nlptown":
        ratings = ["pos", "neg", "pos", "neg", "mixed"]
        rows = [write_review(f"No {i}", WORDS[i], ratings[i % 5]) for i in range(100)]
        return write_lines(folder / "reviews.ndjson", *rows)
    if name == "imdb":
        files = {
            f"aclImdb/{'train' if i % 2 else 'test'}/{'pos' if i % 4 < 2 else 'neg'}/{i}_1.txt": WORDS[
                i
            ]
            for i in range(200)
        }
        return write_archive(folder / "aclImdb_v1.tar.gz", files)
    if name == "tweets":
        rows = [f'{i},3,0,0,3,{i % 3},"{WORDS[i]}"' for i in range(100)]
        return write_lines(folder / "labeled_data.csv", HEADER.strip(), *rows)
    rows = [f"{WORDS[i]}\t{i % 8 + 1}, {i % 3 + 1}" for i in range(100)]
    return write_lines(folder / "subtitles.tsv", *rows)


@pytest.mark.parametrize("name", SETS)
def test_prepare_reads_what_is_written(name: str, small_sets: None, tmp_path: Path) -> None:
    raw, output = write_raw(name, tmp_path), tmp_path / "out"
    converted = convert_public(name, raw, output, seed=0)
    assert converted == Converted({"train": 20, "dev": 10, "test": 10, "pool": 15}, SIZES, 0, 0)
    assert {path.name for path in output.iterdir()} == {
        *("train.jsonl", "dev.jsonl", "test.jsonl", "pool.jsonl")
    }
    task = get_task("multilabel" if name.startswith("xed") else "multiclass")
    gold, pool = read_labelled_texts(output, task), list(read_pool(output / "pool.jsonl"))
    assert Counter(text.split for text in gold.texts) == {"train": 20, "dev": 10, "test": 10}
    assert all(text.labels for text in gold.texts)
    assert {column for row in read_rows(output / "pool.jsonl") for column in row} == {"text"}
    texts = [text.text for text in gold.texts] + [text.text for text in pool]
    assert len(texts) == 55
    assert not find_duplicates(texts)


def test_what_else_is_in_the_folder_stays(small_sets: None, tmp_path: Path) -> None:
    """The folder may be that of the fetched files."""
    raw = write_raw("nlptown", tmp_path)
    content = raw.read_bytes()
    (tmp_path / "train.jsonl").write_text("of an earlier run", encoding="utf8")
    convert_public("nlptown", raw, tmp_path, seed=0)
    assert raw.read_bytes() == content
    names = {"train.jsonl", "dev.jsonl", "test.jsonl", "pool.jsonl", raw.name}
    assert {path.name for path in tmp_path.iterdir()} == names
    assert len(read_rows(tmp_path / "train.jsonl")) == 20


def test_a_file_is_no_folder(small_sets: None, tmp_path: Path) -> None:
    raw = write_raw("nlptown", tmp_path)
    content = raw.read_bytes()
    with pytest.raises(
        InputError, match=r"it is a file\. Expected a folder.*--vars\.public_folder"
    ):
        convert_public("nlptown", raw, raw, seed=0)
    assert raw.read_bytes() == content


def test_splits_of_two_runs_are_never_mixed(
    small_sets: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw, output = write_raw("nlptown", tmp_path), tmp_path / "out"
    convert_public("nlptown", raw, output, seed=0)
    before = {path.name: path.read_bytes() for path in output.iterdir()}
    write = srsly.write_jsonl
    written: list[Path] = []

    def write_two(path: Path, rows: object) -> None:
        if len(written) == 2:
            raise OSError("no space left")
        written.append(path)
        write(path, rows)

    monkeypatch.setattr(srsly, "write_jsonl", write_two)
    with pytest.raises(OSError, match="no space left"):
        convert_public("nlptown", raw, output, seed=1)
    assert {path.name: path.read_bytes() for path in output.iterdir()} == before


def test_mixed_reviews_are_the_pool(small_sets: None, tmp_path: Path) -> None:
    convert_public("nlptown", write_raw("nlptown", tmp_path), tmp_path / "out", seed=0)
    mixed = {f"No {i}. {WORDS[i]}" for i in range(4, 100, 5)}
    assert {row["text"] for row in read_rows(tmp_path / "out" / "pool.jsonl")} <= mixed
    for split in GOLD:
        assert not mixed & {row["text"] for row in read_rows(tmp_path / "out" / f"{split}.jsonl")}


def test_test_comes_from_the_published_test_part(small_sets: None, tmp_path: Path) -> None:
    convert_public("imdb", write_raw("imdb", tmp_path), tmp_path / "out", seed=0)
    published = {"test": set(WORDS[0:200:2]), "train": set(WORDS[1:200:2])}
    for split in (*GOLD, "pool"):
        part = published["test" if split == "test" else "train"]
        assert {row["text"] for row in read_rows(tmp_path / "out" / f"{split}.jsonl")} <= part


def test_labels_stay_with_their_texts() -> None:
    texts = [PublicText(text, [f"label {i}"]) for i, text in enumerate(WORDS)]
    splits, _ = draw_splits(texts, SIZES, seed=3)
    for split in splits.values():
        for text in split:
            assert text.labels == [f"label {WORDS.index(text.text)}"]


def test_same_seed_same_splits() -> None:
    texts = make_texts(100)
    one, same, other = (draw_splits(texts, SIZES, seed).splits for seed in (0, 0, 1))
    assert one == same
    assert one["test"] != other["test"]


def test_duplicates_are_left_out_and_counted() -> None:
    repeated = [text._replace(text=text.text.upper()) for text in make_texts(30)]
    near = [text._replace(text=f"{text.text} Yes") for text in make_texts(30)]
    texts = make_texts(55) + repeated + near
    random.Random(0).shuffle(texts)
    splits, duplicates = draw_splits(texts, SIZES._replace(pool=None), seed=0)
    assert duplicates == 60
    assert [len(splits[split]) for split in (*GOLD, "pool")] == [20, 10, 10, 15]
    assert not find_duplicates([text.text for split in splits.values() for text in split])


def test_no_more_texts_are_compared_than_may_be_wanted() -> None:
    compared: list[int] = []
    draw_splits(make_texts(200), SIZES, 0, compared.append)
    assert len(compared) == 68  # a quarter more than 10 and 45, rounded


def test_pool_may_take_the_rest() -> None:
    splits, _ = draw_splits(make_texts(100), SIZES._replace(pool=None), seed=0)
    assert len(splits["pool"]) == 60


def test_later_splits_are_smaller_where_texts_are_few() -> None:
    splits, _ = draw_splits(make_texts(35), SIZES, seed=0)
    assert [len(splits[split]) for split in (*GOLD, "pool")] == [15, 10, 10, 0]


@pytest.mark.parametrize(
    ("file", "remedy"),
    [
        ("nl-projections.tsv", "Delete the file and fetch it again"),
        (
            "de-projections.tsv",
            r"Expected nl-projections\.tsv\. Set it with --vars\.public_file\.$",
        ),
    ],
)
def test_too_few_texts(file: str, remedy: str, small_sets: None, tmp_path: Path) -> None:
    path = write_lines(tmp_path / file, *(f"{word}\t1" for word in WORDS[:9]))
    message = rf"\.tsv: of 9 texts, 0 .* left for train, dev, pool\. .* {remedy}"
    with pytest.raises(InputError, match=message):
        convert_public("xed-nl", path, tmp_path / "out", seed=0)
    assert not (tmp_path / "out").exists()


def test_convert_step(small_sets: None, run_step: RunStep, tmp_path: Path) -> None:
    raw, output = write_raw("xed-de", tmp_path), tmp_path / "out"
    raw.write_text(raw.read_text(encoding="utf8") + "left over\n", encoding="utf8")
    outcome = run_step("convert", "xed-de", raw, output)
    assert outcome.code == 1
    assert "subtitles.tsv, row 101" in outcome.output
    assert not output.exists()
    outcome = run_step("convert", "xed-de", raw, output, "--on-invalid", "skip")
    assert outcome.code == 0
    assert "20 train, 10 dev, 10 test, 15 pool. Removed 0 duplicates" in outcome.output
    assert "left out 1 invalid rows" in outcome.output


def test_convert_step_says_which_splits_fell_short(
    small_sets: None, run_step: RunStep, tmp_path: Path
) -> None:
    """Of 68 texts that are drawn from, more than a quarter repeat others."""
    rows = [f'{i},3,0,0,3,{i % 3},"{WORDS[i % 50]}"' for i in range(68)]
    raw = write_lines(tmp_path / "labeled_data.csv", HEADER.strip(), *rows)
    outcome = run_step("convert", "tweets", raw, tmp_path / "out")
    assert outcome.code == 0
    assert ": 20 train, 10 dev, 10 test, 10 of 15 pool. Removed 18 duplicates" in outcome.output


def test_large_sizes_have_commas() -> None:
    sizes = {"train": 800, "dev": 200, "test": 1000, "pool": 898}
    converted = Converted(sizes, Sizes(800, 200, 1000, 1000), 0, 0)
    assert describe_sizes(converted) == "800 train, 200 dev, 1,000 test, 898 of 1,000 pool"
    rest = converted._replace(wanted=Sizes(1800, 200, 1000, None))
    assert describe_sizes(rest) == "800 of 1,800 train, 200 dev, 1,000 test, 898 pool"


def test_convert_step_without_the_file(run_step: RunStep, tmp_path: Path) -> None:
    outcome = run_step("convert", "imdb", tmp_path / "aclImdb_v1.tar.gz", tmp_path / "out")
    assert outcome.code == 1
    assert "python -m spacy project assets --extra ." in outcome.output
