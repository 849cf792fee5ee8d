"""Tasks other than two exclusive labels go through teacher, scores, student and evaluation."""

from pathlib import Path

import numpy
import pytest
import spacy
import srsly
from spacy.util import load_config

from scripts.distill.corpus import build_corpus, write_corpus
from scripts.distill.documents import read_gold
from scripts.distill.labels import TASKS
from scripts.distill.measure import load_predictor
from scripts.distill.metrics import evaluate
from scripts.distill.records import TextRow, TextsMeta, write_scores
from scripts.distill.scoring import load_teacher, score_texts
from scripts.distill.students import Architecture, train_baseline, train_student
from scripts.distill.teacher import train_teacher
from scripts.distill.tfidf import train_tfidf

from .conftest import BAD, GOOD, ROOT, THINGS, write_jsonl


def make_rows(task: str) -> list[dict[str, object]]:
    """Texts whose words tell their labels, for a task of five or of three labels."""
    rows: list[dict[str, object]] = []
    for i in range(120):
        thing, good, bad = THINGS[i % 10], GOOD[i % 6], BAD[i // 3 % 6]
        if task == "stars":
            stars = i % 5 + 1
            words = " ".join([good] * stars + [bad] * (6 - stars))
            rows.append({"text": f"The {thing} of day {i} and {i * 7}: {words}.", "stars": stars})
        else:
            parts = {"joy": good, "anger": bad, "trust": "honest"}
            chosen = [label for j, label in enumerate(parts) if (i + 1) >> j & 1]
            words = " ".join(parts[label] for label in chosen)
            rows.append({"text": f"{thing} {i} {i * 7} {words} it is so", "labels": chosen})
    return rows


@pytest.mark.parametrize("task", ["stars", "multilabel"])
def test_task_from_texts_to_metrics(task: str, tmp_path: Path, tiny_transformer: Path) -> None:
    data = write_jsonl(tmp_path / "data.jsonl", make_rows(task))
    corpus = tmp_path / "corpus"
    built = build_corpus(data, TASKS[task], dev_share=0.2, test_share=0.3, seed=0)
    write_corpus(built, [], "en", corpus)
    labels, exclusive = built.labels, TASKS[task].exclusive
    train_teacher(
        ROOT / "configs" / "teacher.cfg",
        corpus,
        tmp_path / "teacher",
        transformer=str(tiny_transformer),
        lang="en",
        seed=0,
        epochs=1,
        learn_rate=0.0001,
        gpu_id=-1,
    )
    texts = read_gold(corpus / "train.spacy", "en").texts
    teacher = load_teacher(tmp_path / "teacher")
    logits = score_texts(teacher, texts, labels)
    exp = numpy.exp(logits)
    scores = exp / exp.sum(axis=1, keepdims=True) if exclusive else exp / (1 + exp)
    expected = [[doc.cats[label] for label in labels] for doc in teacher.pipe(texts)]
    numpy.testing.assert_allclose(scores, expected, atol=1e-4)

    rows = [TextRow(text, "data:1", "gold") for text in texts]
    write_scores(tmp_path / "scored.parquet", rows, logits, TextsMeta(labels, "t", "[MASK]", 0))
    settings = load_config(ROOT / "configs" / "student_bow.cfg", interpolate=False)
    settings["training"].update({"max_steps": 10, "eval_frequency": 5})
    settings.to_disk(tmp_path / "bow.cfg")
    common = {"lang": "en", "seed": 0, "gpu_id": -1}
    bow = Architecture("bow", tmp_path / "bow.cfg", {})
    student = train_student(
        bow,
        corpus,
        tmp_path / "scored.parquet",
        tmp_path / "vectors",
        tmp_path / "student",
        **common,  # type: ignore[arg-type]
    )
    baseline = train_baseline(bow, corpus, tmp_path / "baseline", **common)  # type: ignore[arg-type]
    tfidf = train_tfidf(corpus, tmp_path / "tfidf", lang="en")
    test_texts, gold = read_gold(corpus / "test.spacy", "en")
    expected_teacher = load_predictor(tmp_path / "teacher" / "model-best", labels)(test_texts)
    for path in (student.path, baseline.path, tfidf.path):
        probabilities = load_predictor(path, labels)(test_texts)
        metrics = evaluate(gold, probabilities, expected_teacher, labels, exclusive)
        assert set(metrics["per_label"]) == set(labels)
        if path != student.path:  # a random teacher teaches nothing
            assert metrics["macro_f1"] > 0.6
    factory = "textcat" if exclusive else "textcat_multilabel"
    assert spacy.load(student.path).get_pipe_meta("textcat").factory == factory
    assert srsly.read_json(corpus / "stats.json")["exclusive"] is exclusive
