from pathlib import Path

import pytest
import srsly

from scripts.distill.errors import InputError
from scripts.distill.products import (
    DEV_SCORE,
    name_by_seed,
    read_dev_score,
    read_stats,
    require,
    split_seeds,
)

CORPUS_FILES = ["train.spacy", "dev.spacy", "test.spacy", "labels.json", "stats.json"]


def make_corpus(folder: Path) -> Path:
    for name in CORPUS_FILES:
        srsly.write_json(folder / name, {"task": "polarity"})
    return folder


def test_require_accepts_files_and_folders(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    with pytest.raises(InputError):
        require(file, tmp_path, step="prepare")
    file.write_text("{}", encoding="utf8")
    require(file, tmp_path, step="prepare")


def test_require_names_the_first_path_missing_and_its_step(tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        require(tmp_path, tmp_path / "model-best", tmp_path / "other", step="teacher")
    message = str(error.value)
    assert f"Can't find {tmp_path / 'model-best'}." in message
    assert "the step 'teacher'" in message
    assert "Run that step first." in message


def test_read_stats(tmp_path: Path) -> None:
    assert read_stats(make_corpus(tmp_path)) == {"task": "polarity"}


@pytest.mark.parametrize("name", CORPUS_FILES)
def test_read_stats_wants_the_whole_corpus(tmp_path: Path, name: str) -> None:
    (make_corpus(tmp_path) / name).unlink()
    with pytest.raises(InputError) as error:
        read_stats(tmp_path)
    assert str(tmp_path / name) in str(error.value)
    assert "'prepare'" in str(error.value)


@pytest.mark.parametrize("score, expected", [(0.875, 0.875), (1, 1.0), (0, 0.0)])
def test_read_dev_score(tmp_path: Path, score: float, expected: float) -> None:
    srsly.write_json(tmp_path / "meta.json", {"performance": {"cats_score": 0.1, DEV_SCORE: score}})
    found = read_dev_score(tmp_path)
    assert isinstance(found, float)
    assert found == expected


@pytest.mark.parametrize(
    ("seeds", "expected"),
    [("", [7]), (" ", [7]), ("3", [3]), ("0, 1,2", [0, 1, 2]), ("2,0", [2, 0])],
)
def test_split_seeds(seeds: str, expected: list[int]) -> None:
    assert split_seeds(seeds, 7) == expected


@pytest.mark.parametrize("seeds", ["one", "0,", "-1", "0.5", "1,1", "1,01"])
def test_seeds_that_are_no_different_whole_numbers_are_refused(seeds: str) -> None:
    with pytest.raises(InputError, match=rf"seeds '{seeds}'.*--vars\.seeds"):
        split_seeds(seeds, 0)


def test_first_seed_has_the_plain_folder() -> None:
    assert name_by_seed("cnn", [4, 0, 1]) == {4: "cnn", 0: "cnn-seed0", 1: "cnn-seed1"}
