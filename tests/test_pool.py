"""Unlabelled texts: read from what people have, without what repeats gold texts."""

from pathlib import Path

import pandas as pd
import pytest

from scripts.distill.errors import InputError
from scripts.distill.pool import build_pool
from scripts.distill.records import TextRow, read_texts
from scripts.distill.synthetic import build_synthetic
from scripts.distill.tables import read_pool

from .conftest import ROOT, Run, RunStep, make_reviews, write_jsonl

TEXTS = ["a lamp that works", "naïve 😀 text", "one more, with a comma"]


@pytest.mark.parametrize("ending", ["jsonl", "csv", "tsv", "xlsx", "parquet", "txt"])
def test_formats(ending: str, tmp_path: Path) -> None:
    path, frame = tmp_path / f"pool.{ending}", pd.DataFrame({"text": TEXTS, "other": [1, 2, 3]})
    if ending == "jsonl":
        frame.to_json(path, orient="records", lines=True)
    elif ending in ("csv", "tsv"):
        frame.to_csv(path, index=False, sep="," if ending == "csv" else "\t")
    elif ending == "xlsx":
        frame.to_excel(path, index=False)
    elif ending == "parquet":
        frame.to_parquet(path)
    else:
        path.write_text("\n\n".join(TEXTS) + "\n", encoding="utf8")
    raw = read_pool(path)
    assert [text.text for text in raw.texts] == TEXTS
    rows = (1, 3, 5) if ending == "txt" else (1, 2, 3)
    assert [text.source for text in raw.texts] == [f"pool/{path.name}:{row}" for row in rows]


def test_folders_are_read_whole_but_for_what_is_no_table(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("not a text", encoding="utf8")
    assert read_pool(tmp_path).texts == []
    (tmp_path / "a.txt").write_text("first", encoding="utf8")
    write_jsonl(tmp_path / "b.jsonl", [{"text": "second"}])
    assert [(text.text, text.source) for text in read_pool(tmp_path).texts] == [
        ("first", "pool/a.txt:1"),
        ("second", "pool/b.jsonl:1"),
    ]


def test_what_cannot_be_used_is_refused_or_counted(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere.*--vars\.pool"):
        read_pool(tmp_path / "nowhere")
    bad = write_jsonl(tmp_path / "bad.jsonl", [{"text": "good"}, {"text": " "}, {"text": None}])
    with pytest.raises(InputError, match=r"bad\.jsonl, row 2: 'text' is empty"):
        read_pool(bad)
    raw = read_pool(bad, skip_invalid=True)
    assert ([text.text for text in raw.texts], raw.invalid) == (["good"], 2)
    other = write_jsonl(tmp_path / "other.jsonl", [{"review": "good"}])
    with pytest.raises(InputError, match=r"column 'text', found: review"):
        read_pool(other)
    (tmp_path / "pool.doc").touch()
    with pytest.raises(InputError, match=r"unknown ending '\.doc'.*\.txt"):
        read_pool(tmp_path / "pool.doc")


def test_what_repeats_gold_texts_is_dropped(tmp_path: Path) -> None:
    gold = ["the kettle that we bought last week broke on the second day and it was awful"]
    near = gold[0].replace("awful", "terrible")
    path = tmp_path / "pool.txt"
    path.write_text("\n".join([gold[0].upper(), near, "new", "New!", "other"]), encoding="utf8")
    pool = build_pool(path, gold)
    assert [row.text for row in pool.rows] == ["new", "other"]
    assert pool.rows[0] == TextRow("new", "pool/pool.txt:3", "pool")
    assert (pool.exact, pool.near, pool.invalid) == (2, 1, 0)


def test_pool_reaches_the_teacher(small_run: Run, run_step: RunStep, tmp_path: Path) -> None:
    data = write_jsonl(tmp_path / "reviews.jsonl", make_reviews(120))
    (tmp_path / "pool.txt").write_text("\n".join(TEXTS), encoding="utf8")
    corpus = tmp_path / "corpus"
    outcome = run_step("prepare", data, corpus, "--pool", tmp_path / "pool.txt")
    assert outcome.code == 0
    assert "3 unlabelled texts" in outcome.output
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
