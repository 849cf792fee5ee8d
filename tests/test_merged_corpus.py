"""The texts of several languages as one corpus."""

import shutil
from pathlib import Path

import pytest
import srsly

from scripts.distill.corpus import build_corpus, write_corpus
from scripts.distill.documents import read_gold
from scripts.distill.errors import InputError
from scripts.distill.labels import get_task
from scripts.distill.merged_corpus import merge_corpora
from scripts.distill.products import read_stats

from .conftest import make_reviews, write_jsonl


def write_gold(folder: Path, lang: str, seed: int, task: str = "polarity") -> Path:
    data = write_jsonl(folder / f"{lang}.jsonl", make_reviews(60, seed))
    built = build_corpus(data, get_task(task), dev_share=0.2, test_share=0.2, seed=0)
    write_corpus(built, [], lang, folder / lang)
    return folder / lang


def test_all_texts_are_there_split_by_split(tmp_path: Path) -> None:
    corpora = {lang: write_gold(tmp_path, lang, i) for i, lang in enumerate(("en", "nl"))}
    trained_on = merge_corpora(corpora, tmp_path / "shared")
    stats = read_stats(tmp_path / "shared")
    assert stats["labels"] == ["negative", "positive"]
    for split in ("train", "dev", "test"):
        merged = read_gold(tmp_path / "shared" / f"{split}.spacy", "xx")
        parts = [read_gold(folder / f"{split}.spacy", lang) for lang, folder in corpora.items()]
        assert merged.texts == [text for part in parts for text in part.texts]
        assert merged.labels.tolist() == [row for part in parts for row in part.labels.tolist()]
        assert stats["splits"][split]["texts"] == len(merged.texts)
    assert trained_on == stats["splits"]["train"]["texts"]


def test_labels_that_differ_stop(tmp_path: Path) -> None:
    corpora = {"en": write_gold(tmp_path, "en", 0), "nl": write_gold(tmp_path, "nl", 1)}
    stats = srsly.read_json(corpora["nl"] / "stats.json")
    srsly.write_json(corpora["nl"] / "stats.json", {**stats, "labels": ["negative", "positief"]})
    with pytest.raises(
        InputError, match=r"'nl' lacks positive and has positief.*--vars\.one_teacher false"
    ):
        merge_corpora(corpora, tmp_path / "shared")
    assert not (tmp_path / "shared").exists()


def test_no_text_of_test_is_trained_on_in_another_language(tmp_path: Path) -> None:
    corpora = {"en": write_gold(tmp_path, "en", 0), "nl": write_gold(tmp_path, "nl", 1)}
    # What is for training in one is for testing in the other.
    shutil.copy(corpora["en"] / "train.spacy", corpora["nl"] / "test.spacy")
    merge_corpora(corpora, tmp_path / "shared")
    splits = {
        split: set(read_gold(tmp_path / "shared" / f"{split}.spacy", "xx").texts)
        for split in ("train", "dev", "test")
    }
    assert splits["train"].isdisjoint(splits["test"] | splits["dev"])
    stats = read_stats(tmp_path / "shared")
    assert stats["duplicates"]["exact"] == len(read_gold(corpora["en"] / "train.spacy", "en").texts)
