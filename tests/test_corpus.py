from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy
import pytest
import srsly

from scripts.distill.corpus import (
    Corpus,
    build_corpus,
    describe,
    remove_duplicates,
    write_corpus,
)
from scripts.distill.documents import SOURCE, read_docs
from scripts.distill.errors import InputError
from scripts.distill.labels import TASKS
from scripts.distill.products import read_stats
from scripts.distill.tables import SPLITS, LabelledText

from .conftest import RunStep, write_jsonl

WORDS = [
    f"{start}{end}" for start in ("ba", "ke", "li", "mo", "tu") for end in ("", "n", "r", "st")
]


def make_rows(labels: Sequence[Any], column: str = "label", seed: int = 0) -> list[dict[str, Any]]:
    """Make a row for each label; no text is near another."""
    rng = numpy.random.default_rng(seed)
    return [
        {"text": " ".join([f"{seed}-{i}", *rng.choice(WORDS, 11)]), column: label}
        for i, label in enumerate(labels)
    ]


def make_split_rows(**splits: Sequence[Any]) -> list[dict[str, Any]]:
    """Make rows with labels and a column of splits."""
    return [
        {**row, "split": split}
        for seed, (split, labels) in enumerate(splits.items())
        for row in make_rows(labels, seed=seed)
    ]


def build(
    folder: Path, rows: Sequence[dict[str, Any]], task: str = "multiclass", **settings: Any
) -> Corpus:
    path = write_jsonl(folder / "data.jsonl", rows)
    return build_corpus(
        path, TASKS[task], **{"dev_share": 0.1, "test_share": 0.2, "seed": 0, **settings}
    )


def sources(corpus: Corpus) -> dict[str, list[str]]:
    return {split: [text.source for text in texts] for split, texts in corpus.splits.items()}


def make_text(text: str, *labels: str) -> LabelledText:
    return LabelledText(text, list(labels), None, f"data:{text[:5]}")


def test_split_keeps_proportions(tmp_path: Path) -> None:
    corpus = build(tmp_path, make_rows(["b", "a", "b"] * 20))
    counts = {split: corpus.stats["splits"][split]["labels"] for split in SPLITS}
    assert counts == {
        "train": {"a": 14, "b": 28},
        "dev": {"a": 2, "b": 4},
        "test": {"a": 4, "b": 8},
    }
    assert corpus.labels == ["a", "b"]


def test_split_loses_and_repeats_no_text(tmp_path: Path) -> None:
    rows = make_rows(["a", "b"] * 30)
    corpus = build(tmp_path, rows)
    found = [text.text for split in SPLITS for text in corpus.splits[split]]
    assert sorted(found) == sorted(row["text"] for row in rows)


def test_seed_decides_the_split(tmp_path: Path) -> None:
    rows = make_rows(["a", "b"] * 30)
    first, again, other = (sources(build(tmp_path, rows, seed=seed)) for seed in (1, 1, 2))
    assert first == again
    assert all(set(first[split]) != set(other[split]) for split in SPLITS)


def test_rarest_of_several_labels_reaches_each_split(tmp_path: Path) -> None:
    rows = make_rows([["common"], ["common"], ["common", "rare"], []] * 10, "labels")
    for seed in range(5):
        corpus = build(tmp_path, rows, "multilabel", dev_share=0.2, seed=seed)
        counts = {split: corpus.stats["splits"][split]["labels"]["rare"] for split in SPLITS}
        assert counts == {"train": 6, "dev": 2, "test": 2}
    assert corpus.stats["exclusive"] is False
    # Texts without a label are texts like others.
    assert sum(not text.labels for split in SPLITS for text in corpus.splits[split]) == 10


def test_labels_of_the_task_keep_their_order(tmp_path: Path) -> None:
    corpus = build(tmp_path, make_rows([5, 4, 2, 1] * 10, "stars"), "polarity")
    assert corpus.labels == ["negative", "positive"]
    corpus = build(tmp_path, make_rows([5, 4, 3, 2, 1] * 20, "stars"), "stars")
    assert corpus.labels == ["1", "2", "3", "4", "5"]


def test_given_splits_are_kept(tmp_path: Path) -> None:
    rows = make_split_rows(test=["a", "b"] * 3, train=["a", "b"] * 5, dev=["a", "b"] * 2)
    corpus = build(tmp_path, rows)
    for split in SPLITS:
        expected = [row["text"] for row in rows if row["split"] == split]
        assert [text.text for text in corpus.splits[split]] == expected


def test_dev_is_taken_from_train_where_it_is_not_given(tmp_path: Path) -> None:
    rows = make_split_rows(train=["a", "b"] * 20, test=["a", "b"] * 3)
    corpus = build(tmp_path, rows)
    texts = {split: [text.text for text in corpus.splits[split]] for split in SPLITS}
    assert texts["test"] == [row["text"] for row in rows if row["split"] == "test"]
    assert sorted(texts["train"] + texts["dev"]) == sorted(row["text"] for row in rows[:40])
    assert corpus.stats["splits"]["dev"]["labels"] == {"a": 2, "b": 2}


def test_folder_of_splits(tmp_path: Path) -> None:
    for seed, split in enumerate(SPLITS):
        write_jsonl(tmp_path / f"{split}.jsonl", make_rows(["a", "b"] * 3, seed=seed))
    corpus = build_corpus(tmp_path, TASKS["multiclass"], dev_share=0.1, test_share=0.1, seed=0)
    assert sources(corpus) == {s: [f"{s}:{i}" for i in range(1, 7)] for s in SPLITS}


@pytest.mark.parametrize("near", [False, True])
@pytest.mark.parametrize(
    "repeated_in, kept_in",
    [
        (("train", "test"), "test"),
        (("train", "dev"), "dev"),
        (("dev", "test"), "test"),
        (("train", "dev", "test"), "test"),
    ],
)
def test_duplicates_across_splits(
    tmp_path: Path, repeated_in: Sequence[str], kept_in: str, near: bool
) -> None:
    rows = make_split_rows(train=["a", "b"] * 4, dev=["a", "b"] * 4, test=["a", "b"] * 4)
    text = " ".join(WORDS)
    for split in repeated_in:
        copy = f"{text} {split}" if near else f"{text.title()}!"
        rows.append({"text": copy, "label": "a", "split": split})
    corpus = build(tmp_path, rows)
    holding = [s for s in SPLITS for t in corpus.splits[s] if t.text.lower().startswith(text)]
    assert holding == [kept_in]
    gone = len(repeated_in) - 1
    expected = {"exact": 0, "near": gone} if near else {"exact": gone, "near": 0}
    assert corpus.stats["duplicates"] == {**expected, "exact_with_other_labels": 0}
    assert sum(corpus.stats["splits"][split]["texts"] for split in SPLITS) == 25


def test_duplicates_within_a_split(tmp_path: Path) -> None:
    rows = make_split_rows(train=["a", "b"] * 4, dev=["a", "b"] * 4, test=["a", "b"] * 4)
    rows.append({**rows[0], "text": rows[0]["text"].upper()})
    rows.append({**rows[0], "text": f"{rows[0]['text']} indeed"})
    corpus = build(tmp_path, rows)
    texts = [text.text for text in corpus.splits["train"]]
    assert texts == [row["text"] for row in [*rows[:8], rows[-1]]]
    assert corpus.stats["duplicates"] == {"exact": 1, "near": 0, "exact_with_other_labels": 0}


def test_duplicates_with_other_labels_are_counted(tmp_path: Path) -> None:
    rows = make_rows(["a", "b"] * 20)
    rows += [{"text": f"{rows[0]['text']}!", "label": "b"}, {**rows[1]}]
    corpus = build(tmp_path, rows)
    assert corpus.stats["duplicates"] == {"exact": 2, "near": 0, "exact_with_other_labels": 1}


@pytest.mark.parametrize(("kept", "expected"), [("a", 1), ("b", 2), ("c", 3)])
def test_conflicts_are_with_the_text_that_stays(tmp_path: Path, kept: str, expected: int) -> None:
    rows = make_split_rows(
        train=["a", "b", "c"] * 4, dev=["a", "b", "c"] * 3, test=["a", "b", "c"] * 3
    )
    given = [("train", "a"), ("train", "b"), ("dev", "a"), ("test", kept)]
    rows += [
        {"text": f"A LAMP {'!' * i}", "label": label, "split": split}
        for i, (split, label) in enumerate(given)
    ]
    # Nearly the same is no conflict: nobody knows what it should be.
    text = " ".join(WORDS)
    rows += [
        {"text": f"{text} {split}", "label": label, "split": split}
        for split, label in (("train", "a"), ("dev", "b"))
    ]
    corpus = build(tmp_path, rows)
    assert corpus.stats["duplicates"] == {
        "exact": 3,
        "near": 1,
        "exact_with_other_labels": expected,
    }


def test_remove_duplicates_names_what_is_gone() -> None:
    splits = {
        "train": [make_text("a lamp", "a"), make_text("a tent", "b")],
        "dev": [make_text("A LAMP", "a")],
        "test": [make_text("a kettle", "a"), make_text("A lamp!", "a")],
    }
    kept, removed = remove_duplicates(splits)
    assert {split: [text.text for text in texts] for split, texts in kept.items()} == {
        "train": ["a tent"],
        "dev": [],
        "test": ["a kettle", "A lamp!"],
    }
    assert [duplicate.exact for duplicate in removed] == [True, True]


def test_three_stars_are_left_out_and_counted(tmp_path: Path) -> None:
    rows = make_rows([1, 3, 5] * 20, "stars")
    corpus = build(tmp_path, rows, "polarity")
    assert corpus.stats["left_out"] == {"no_label_for_task": 20, "invalid": 0}
    assert sum(corpus.stats["splits"][split]["texts"] for split in SPLITS) == 40
    found = {text.text for split in SPLITS for text in corpus.splits[split]}
    assert found.isdisjoint(row["text"] for row in rows if row["stars"] == 3)


def test_invalid_rows_are_dropped_and_counted(tmp_path: Path) -> None:
    rows = make_rows(["a", "b"] * 20)
    rows[3:3] = [{"text": "", "label": "a"}, {"text": "no label", "label": ""}]
    with pytest.raises(InputError, match="line 4"):
        build(tmp_path, rows)
    corpus = build(tmp_path, rows, skip_invalid=True)
    assert corpus.stats["left_out"] == {"no_label_for_task": 0, "invalid": 2}
    assert sum(corpus.stats["splits"][split]["texts"] for split in SPLITS) == 40


def test_stats(tmp_path: Path) -> None:
    corpus = build(tmp_path, make_rows([1, 5] * 20, "stars"), "polarity", seed=3)
    assert list(corpus.stats["splits"]) == list(SPLITS)
    del corpus.stats["splits"]
    assert corpus.stats == {
        "source": (tmp_path / "data.jsonl").as_posix(),
        "task": "polarity",
        "exclusive": True,
        "labels": ["negative", "positive"],
        "seed": 3,
        "left_out": {"no_label_for_task": 0, "invalid": 0},
        "duplicates": {"exact": 0, "near": 0, "exact_with_other_labels": 0},
    }


@pytest.mark.parametrize(
    "rows, task, says",
    [
        (make_rows(["a"] * 40), "multiclass", ("one class (a)", "at least two", "Add texts")),
        (make_rows([5, 4] * 20, "stars"), "polarity", ("one class (positive)", "--vars.task")),
        (make_rows([[]] * 40, "labels"), "multilabel", ("one class (none)", "--vars.task")),
        (make_rows([3] * 40, "stars"), "polarity", ("one class (none)", "Add texts")),
        (make_rows(["a", "b"] * 2), "multiclass", ("Too few texts", "4 texts", "Add texts")),
        (
            make_rows(["a"] * 40 + ["b"]),
            "multiclass",
            (
                "41 texts, 8 of them for test, in proportion of their labels; the rarest label is 'b' "
                "with 1. Expected at least 2 texts of each label in each split. Add texts of 'b'.$",
            ),
        ),
        (
            make_rows(["a"] * 4 + ["b"] * 4 + ["c"] * 4),
            "multiclass",
            ("the rarest label is 'a' with 4. ", "Add texts of 'a'.$"),
        ),
        (
            make_rows(["a", "b", "c"] * 4),
            "multiclass",
            ("12 texts, 2 of them for test", "the rarest label is 'a' with 4. ", "of 'a'.$"),
        ),
        (
            make_rows(["a", "b", "c", "d", "e", "f", "g"] * 6),
            "multiclass",
            ("34 texts, 4 of them for dev", "with 4. ", "Add texts, or change --vars.dev_share.$"),
        ),
        (
            make_rows(["a"] * 40 + ["b"] * 10),
            "multiclass",
            (
                "dev has 1 of label 'b', expected at least 2 after duplicates were removed. Add such "
                "texts, or change --vars.dev_share and --vars.test_share.$",
            ),
        ),
        (
            make_rows(["a"] * 40 + ["b"] * 40 + ["c"] * 5),
            "multiclass",
            ("dev has 0 of label 'c'", "Add such texts.$"),
        ),
        (
            make_split_rows(train=["a"] * 20 + ["b"] * 10, test=["a", "b"] * 2),
            "multiclass",
            ("dev has 1 of label 'b'", "Add such texts, or change --vars.dev_share.$"),
        ),
        (
            make_split_rows(train=["a", "b"] * 20, test=["a", "a", "b"]),
            "multiclass",
            ("test has 1 of label 'b'", "Add such texts.$"),
        ),
        (
            make_rows([["a"]] * 19 + [["a", "b"]] * 20 + [[]], "labels"),
            "multilabel",
            (" without label 'a', expected at least 2", "Add such texts.$"),
        ),
        (
            make_split_rows(train=["a", "b"] * 4, dev=["a", "b"] * 2),
            "multiclass",
            ("test has 0 of label 'a'", "at least 2", "Add such texts.$"),
        ),
        (
            make_split_rows(train=["a", "b"] * 4, dev=["a", "b"] * 2, test=["a", "b", "c", "c"]),
            "multiclass",
            ("unknown label 'c' in test (data:15)", "those of train: a, b", "Correct the label"),
        ),
        (
            make_split_rows(train=["a", "b"] * 4, dev=["a", "c"], test=["a", "b"] * 2),
            "multiclass",
            ("unknown label 'c' in dev (data:10)", "those of train: a, b", "add training texts"),
        ),
        (
            make_split_rows(train=["a"] * 3 + ["b"], test=["a", "b"] * 2),
            "multiclass",
            (
                "4 texts, 0 of them for dev",
                "the rarest label is 'b' with 1. ",
                "Add texts of 'b'.$",
            ),
        ),
    ],
)
def test_unusable_corpus(
    tmp_path: Path, rows: list[dict[str, Any]], task: str, says: tuple[str, ...]
) -> None:
    with pytest.raises(InputError) as error:
        build(tmp_path, rows, task)
    message = f"{error.value}$"
    assert [part for part in (str(tmp_path / "data.jsonl"), *says) if part not in message] == []


def test_labels_joined_by_commas_are_named(tmp_path: Path) -> None:
    """They make labels of few texts: what is wrong is not that there are few."""
    rows = make_rows(["fear", "joy"] * 20 + ["joy, fear"], "labels")
    hint = (
        r"The label 'joy, fear' consists of other labels: .* separated by '\|'\. Write 'joy\|fear'"
    )
    with pytest.raises(InputError, match=rf"Too few texts .*{hint}"):
        build(tmp_path, rows, "multilabel")
    rows = [{**row, "split": "test" if i > 35 else "train"} for i, row in enumerate(rows)]
    with pytest.raises(InputError, match=rf"unknown label 'joy, fear' in test .*{hint}"):
        build(tmp_path, rows, "multilabel")
    # Of labels that exclude each other it may be one.
    rows = make_rows(["fear", "joy"] * 20 + ["joy, fear"])
    with pytest.raises(InputError, match=r"Too few texts .*Add texts of 'joy, fear'\.$"):
        build(tmp_path, rows, "multiclass")


def test_labels_joined_by_commas_are_named_where_there_are_many(
    tmp_path: Path, run_step: RunStep
) -> None:
    labels = ["fear", "joy", "joy, fear", ["joy", "fear"]] * 20
    path = write_jsonl(tmp_path / "data.jsonl", make_rows(labels, "labels"))
    outcome = run_step("prepare", path, tmp_path / "corpus", "--task", "multilabel")
    assert outcome.code == 0, outcome.output
    assert f"{path}: The label 'joy, fear' consists of other labels" in outcome.output
    path = write_jsonl(tmp_path / "data.jsonl", make_rows(["fear", "joy", "joy, fear"] * 20))
    outcome = run_step("prepare", path, tmp_path / "corpus", "--task", "multiclass")
    assert outcome.code == 0, outcome.output
    assert "consists of" not in outcome.output


@pytest.mark.parametrize(
    "dev_share, test_share, name",
    [
        (0, 0.2, "dev_share is 0"),
        (1, 0.2, "dev_share is 1"),
        (-0.1, 0.2, "dev_share is -0.1"),
        (0.1, 0.0, "test_share is 0.0"),
        (0.1, -3, "test_share is -3"),
        (0.5, 0.5, "is 0.5"),
        (float("nan"), 0.2, "dev_share is nan"),
    ],
)
def test_wrong_shares(tmp_path: Path, dev_share: float, test_share: float, name: str) -> None:
    with pytest.raises(InputError) as error:
        build(tmp_path, make_rows(["a", "b"] * 20), dev_share=dev_share, test_share=test_share)
    assert name in str(error.value)
    assert "between 0 and 1, together below 1" in str(error.value)


def test_describe() -> None:
    texts = [make_text(" \n".join(["word"] * count), "a") for count in range(1, 102)]
    texts[0].labels.append("b")
    assert describe(texts, ["b", "a", "c"]) == {
        "texts": 101,
        "labels": {"b": 1, "a": 101, "c": 0},
        "words": {"mean": 51.0, "p95": 96.0, "p99": 100.0, "max": 101},
    }


def test_write_corpus_and_read_back(tmp_path: Path) -> None:
    corpus = build(tmp_path, make_rows(["b", "a"] * 20))
    output = tmp_path / "new" / "corpus"
    write_corpus(corpus, [], "en", output)
    assert sorted(path.name for path in output.iterdir()) == [
        "dev.spacy",
        "labels.json",
        "pool.parquet",
        "stats.json",
        "test.spacy",
        "train.spacy",
    ]
    assert srsly.read_json(output / "labels.json") == ["a", "b"]
    assert read_stats(output) == corpus.stats
    for split in SPLITS:
        docs = read_docs(output / f"{split}.spacy", "en")
        assert [
            LabelledText(
                doc.text, [k for k, v in doc.cats.items() if v == 1.0], None, doc.user_data[SOURCE]
            )
            for doc in docs
        ] == corpus.splits[split]
        assert all(list(doc.cats) == corpus.labels for doc in docs)


def test_same_corpus_gives_the_same_bytes(tmp_path: Path) -> None:
    corpus = build(tmp_path, make_rows(["b", "a"] * 20))
    for name in ("one", "two"):
        write_corpus(corpus, [], "en", tmp_path / name)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


def test_unknown_language_leaves_no_file(tmp_path: Path) -> None:
    corpus = build(tmp_path, make_rows(["b", "a"] * 20))
    with pytest.raises(InputError, match="Can't use the language 'qq'"):
        write_corpus(corpus, [], "qq", tmp_path / "corpus")
    assert not (tmp_path / "corpus").exists()


def test_splits_for_some_texts_only_are_refused(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"text": f"text {i}", "label": "ab"[i % 2], "split": "train" if i else None}
        for i in range(40)
    ]
    with pytest.raises(InputError, match="39 texts have a split, 1 have none"):
        build(tmp_path, rows, "multiclass")


def test_empty_split_column_is_no_split(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"text": f"text number {i} {i * 7}", "label": "ab"[i % 2], "split": None} for i in range(40)
    ]
    assert all(build(tmp_path, rows, "multiclass").splits.values())


def test_rare_sets_of_labels_are_no_reason_to_stop(tmp_path: Path) -> None:
    """A label that nearly always comes with a rarer one makes a class of its own of one text."""
    sets = [["a"]] * 60 + [["b", "c"]] * 40 + [["b"]] + [[]] + [["c"]] * 2
    rows: list[dict[str, Any]] = [
        {"text": f"text number {i} {i * 7}", "labels": labels} for i, labels in enumerate(sets)
    ]
    assert build(tmp_path, rows, "multilabel").labels == ["a", "b", "c"]
