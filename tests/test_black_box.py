"""Teachers that are no transformers: the whole line with a function, and with a file of scores."""

from collections.abc import Callable
from pathlib import Path

import numpy
import pandas as pd
import pytest
import srsly
from spacy.util import load_config

from scripts.distill.black_box import load_black_box
from scripts.distill.documents import read_gold
from scripts.distill.errors import InputError
from scripts.distill.measure import is_file_of_scores
from scripts.distill.records import read_scores, read_texts
from scripts.distill.teacher_info import read_teacher_info

from . import black_boxes
from .black_boxes import score
from .conftest import LABELS, ROOT, RunStep

FUNCTION = "tests.black_boxes:score"
TEXTS = ["A great lamp.", "An awful lamp."]


@pytest.fixture
def corpus(tmp_path: Path, reviews: Path, run_step: RunStep) -> Path:
    folder = tmp_path / "corpus"
    assert run_step("prepare", reviews, folder, "--pool", tmp_path / "none").code != 0
    (tmp_path / "pool").mkdir()
    assert run_step("prepare", reviews, folder, "--pool", tmp_path / "pool").code == 0
    return folder


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def write_scores(texts: list[str], suffix: str = ".jsonl", **columns: list[float]) -> Path:
        path = tmp_path / f"scores{suffix}"
        frame = pd.DataFrame({"text": texts, **columns})
        if suffix == ".jsonl":
            frame.to_json(path, orient="records", lines=True)
        else:
            frame.to_csv(path, index=False)
        return path

    return write_scores


# spaCy leaves files open when it makes a package.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
def test_whole_line_with_a_function(corpus: Path, tmp_path: Path, run_step: RunStep) -> None:
    configs, training = tmp_path / "configs", tmp_path / "training"
    configs.mkdir()
    for name in ("bow", "cnn"):
        config = load_config(ROOT / "configs" / f"student_{name}.cfg", interpolate=False)
        config["training"].update({"max_steps": 20, "eval_frequency": 10})
        config["training"]["optimizer"]["learn_rate"]["warmup_steps"] = 2
        config.to_disk(configs / f"student_{name}.cfg")
    teacher, texts, scored = training / "teacher", corpus / "texts.parquet", corpus / "s.parquet"
    students = ("--students", "bow,cnn")
    for step, *arguments in (
        ("teacher", ROOT / "configs/teacher.cfg", corpus, teacher, "--black-box", FUNCTION),
        ("augment", ROOT / "configs/augment.cfg", corpus, teacher, texts, "--n-synthetic", 200),
        ("score", teacher, texts, scored),
        ("vectors", corpus, teacher, training / "vectors"),
        ("baseline", configs, corpus, training / "baseline", *students),
        ("tfidf", corpus, training / "tfidf_logreg"),
        ("student", configs, corpus, scored, training / "vectors", training / "student", *students),
        ("evaluate", corpus, scored, training, training / "metrics.json", *students),
        ("report", training / "metrics.json", training / "report"),
        ("package", training, training / "metrics.json", tmp_path, "--license-file", "LICENSE"),
    ):
        result = run_step(step, *arguments)
        assert result.code == 0, (step, result.output)
    assert read_teacher_info(teacher).dev_score == 1.0
    scores = read_scores(scored)
    expected = numpy.log([[row[label] for label in LABELS] for row in score(scores.texts)])
    numpy.testing.assert_allclose(scores.logits, expected, atol=1e-5)
    metrics = srsly.read_json(training / "metrics.json")
    assert metrics["models"]["teacher"]["accuracy"] == 1.0
    assert metrics["models"]["teacher"]["kind"] == "black_box"
    assert metrics["models"]["teacher"]["size_mb"] is None
    assert metrics["models"]["teacher"]["words_per_second"] > 0
    page = (training / "report" / "index.html").read_text(encoding="utf8")
    assert "taught by a black box" in page
    meta = srsly.read_json(training / "student" / "cnn" / "model-best" / "meta.json")
    assert meta["vectors"]["vectors"] == 0
    assert len(list(tmp_path.glob("*.whl"))) == 1


@pytest.mark.parametrize("suffix", [".jsonl", ".csv"])
def test_file_of_scores(
    suffix: str, corpus: Path, tmp_path: Path, run_step: RunStep, write: Callable[..., Path]
) -> None:
    texts = [
        text
        for split in ("train", "dev", "test")
        for text in read_gold(corpus / f"{split}.spacy", "en").texts
    ]
    rows = score(texts)
    file = write(texts, suffix, **{label: [row[label] for row in rows] for label in LABELS})
    teacher, texts_file, scored = tmp_path / "t", tmp_path / "t.parquet", tmp_path / "s.parquet"
    config = ROOT / "configs/augment.cfg"
    assert run_step("teacher", "x.cfg", corpus, teacher, "--black-box", file).code == 0
    assert is_file_of_scores(teacher)
    assert run_step("augment", config, corpus, teacher, texts_file, "--n-synthetic", 0).code == 0
    assert run_step("score", teacher, texts_file, scored).code == 0
    found = read_scores(scored)
    assert found.texts == [row.text for row in read_texts(texts_file)]
    expected = numpy.log([[row[label] for label in LABELS] for row in score(found.texts)])
    numpy.testing.assert_allclose(found.logits, expected, atol=1e-5)
    # Synthetic texts are not in it.
    assert run_step("augment", config, corpus, teacher, texts_file, "--n-synthetic", 50).code == 0
    before = scored.read_bytes()
    result = run_step("score", teacher, texts_file, scored)
    assert result.code == 1
    assert "Can't find the scores of 50 of" in result.output
    assert scored.read_bytes() == before
    # Another file is another teacher.
    with file.open("a", encoding="utf8") as stream:
        stream.write("\n")
    result = run_step("score", teacher, texts_file, scored)
    assert "has changed since the step 'teacher'" in result.output
    assert "`python -m spacy project run teacher . --force`" in result.output


def test_logits_are_taken_as_they_are(write: Callable[..., Path]) -> None:
    file = write(TEXTS, positive=[3.0, -2.0], negative=[0.5, 0.5])
    box = load_black_box(str(file), LABELS, exclusive=True)
    assert box.is_file
    assert box.score(TEXTS).tolist() == [[0.5, 3.0], [0.5, -2.0]]


def test_probabilities_of_labels_that_do_not_exclude_each_other(write: Callable[..., Path]) -> None:
    file = write(TEXTS, positive=[0.9, 0.8], negative=[0.5, 0.5])
    logits = load_black_box(str(file), LABELS, exclusive=False).score(TEXTS)
    numpy.testing.assert_allclose(logits, [[0, numpy.log(9)], [0, numpy.log(4)]], atol=1e-6)
    # For exclusive labels they are parts of a whole, as those of a callable are.
    logits = load_black_box(str(file), LABELS, exclusive=True).score(TEXTS)
    numpy.testing.assert_allclose(logits[0], numpy.log([0.5, 0.9]), atol=1e-6)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nowhere.jsonl", "Can't find the black box 'nowhere.jsonl'. Expected MODULE:NAME"),
        ("no_such_module:score", "ModuleNotFoundError"),
        ("tests.black_boxes:none", "AttributeError"),
        ("tests.black_boxes:NUMBER", "Can't distil from int"),
        ("tests.black_boxes:score_too_few", "1 rows of scores for 2 texts"),
        ("tests.black_boxes:score_other_labels", "scores the labels positive, neutral"),
        ("tests.black_boxes:score_out_of_range", "gave the probability"),
        ("tests.black_boxes:score_nan", "gave the probability nan"),
        ("tests.black_boxes:score_nothing", "it raised TypeError"),
        ("tests.black_boxes:score_lists", "scores the labels 0.5, 0.5"),
        ("tests.black_boxes:fail", "it raised ConnectionError: no answer"),
    ],
)
def test_what_is_no_teacher_is_refused(name: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        load_black_box(name, LABELS, exclusive=True).score(TEXTS)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"positive": [0.1, 0.2]}, "scores the labels positive, the student has"),
        ({"positive": [0.1, 0.2], "other": [0.9, 0.8]}, "scores the labels positive, other"),
        (
            {"positive": [0.1, "b"], "negative": [0.9, 0.8]},
            "line 2: the score of 'positive' is 'b'. Expected a finite number. Mend or remove",
        ),
        (
            {"positive": [None, 0.2], "negative": [0.9, 0.8]},
            "line 1: the score of 'positive' is 'nan'. Expected a finite number.",
        ),
        ({"positive": [[0.1], 0.2], "negative": [0.9, 0.8]}, "line 1: the score of 'positive' is"),
    ],
)
def test_files_that_do_not_fit_are_refused(
    columns: dict[str, list[float]], message: str, write: Callable[..., Path]
) -> None:
    with pytest.raises(InputError) as caught:
        load_black_box(str(write(TEXTS, **columns)), LABELS, exclusive=True)
    assert message in str(caught.value)


def test_files_with_unusable_texts_are_refused(write: Callable[..., Path]) -> None:
    columns = {"positive": [0.1, 0.2], "negative": [0.9, 0.8]}
    for texts, message in (
        (["a", "a"], "line 1 and line 2 have the same text"),
        (["a", None], "line 2: 'text' is empty"),
    ):
        with pytest.raises(InputError) as caught:
            load_black_box(str(write(texts, **columns)), LABELS, exclusive=True)
        assert message in str(caught.value)
    same = {"positive": [0.1, 0.1], "negative": [0.9, 0.9]}
    assert load_black_box(str(write(["a", "a"], **same)), LABELS, exclusive=True).is_file


@pytest.mark.parametrize(
    ("suffix", "lines", "message"),
    [
        # Blank lines count.
        (".jsonl", ["", '{"text": "", "positive": 1, "negative": 0}'], "line 3: 'text' is empty"),
        (
            ".jsonl",
            ["", "", '{"text": "one", "positive": 1, "negative": 0}'],
            "line 1 and line 4 have the same text",
        ),
        (
            ".jsonl",
            ["", '{"text": "two", "positive": "?", "negative": 0}'],
            "line 3: the score of 'positive' is '?'",
        ),
        (".jsonl", ["", '{"text": "two"'], "line 3: not valid JSON"),
        (".csv", ["two,0.1"], "line 3: 2 fields, expected 3"),
        # The header is a line, and a text may have several.
        (".csv", ['"two', 'lines",1,0', "three,,0"], "line 5: the score of 'positive' is 'nan'"),
        (".csv", None, "it holds no rows"),
        (".jsonl", None, "it holds no rows"),
    ],
)
def test_messages_about_files_are_about_files_of_scores(
    suffix: str, lines: list[str] | None, message: str, tmp_path: Path
) -> None:
    head = {
        ".jsonl": '{"text": "one", "positive": 0.5, "negative": 0.5}',
        ".csv": "text,positive,negative\none,0.5,0.5",
    }[suffix]
    content = [head, *lines] if lines else [head.splitlines()[0]] if suffix == ".csv" else [""]
    path = tmp_path / f"scores{suffix}"
    path.write_text("\n".join(content) + "\n", encoding="utf8")
    with pytest.raises(InputError) as caught:
        load_black_box(str(path), LABELS, exclusive=True)
    assert message in str(caught.value)
    for remedy in ("--vars.data", "--on-invalid", "'stars'"):
        assert remedy not in str(caught.value)


def test_outcome_counts_what_is_in_the_file(
    corpus: Path, tmp_path: Path, run_step: RunStep
) -> None:
    teacher, pool, scored = tmp_path / "t", tmp_path / "p.parquet", tmp_path / "s.parquet"
    assert run_step("teacher", "x.cfg", corpus, teacher, "--black-box", FUNCTION).code == 0
    # The teacher is sure by 0.9 of the first kind, by 0.8 of the other.
    texts = [f"A great lamp, number {i}." for i in range(7)] + [f"Lamp {i}." for i in range(4)]
    pd.DataFrame({"text": texts}).to_parquet(pool)
    result = run_step("score", teacher, pool, scored, "--pool-confidence", 0.85)
    assert result.code == 0, result.output
    assert len(read_scores(scored).texts) == 7
    assert "s.parquet: 7 texts, 11 scored in" in result.output
    assert "of the pool 7 kept, 4 left out as unsure, 0 to balance labels" in result.output
    assert (
        run_step("score", teacher, pool, scored).output.count("s.parquet: 11 texts, 11 scored") == 1
    )


def test_files_without_test_texts_are_refused_at_once(
    corpus: Path, tmp_path: Path, run_step: RunStep, write: Callable[..., Path]
) -> None:
    texts = [
        text
        for split in ("train", "dev")
        for text in read_gold(corpus / f"{split}.spacy", "en").texts
    ]
    file = write(texts, **{label: [0.5] * len(texts) for label in LABELS})
    result = run_step("teacher", "x.cfg", corpus, tmp_path / "t", "--black-box", file)
    assert result.code == 1
    assert "Can't find the scores of" in result.output
    assert not (tmp_path / "t").exists()


def test_empty_texts_are_scored() -> None:
    box = load_black_box(FUNCTION, LABELS, exclusive=True)
    numpy.testing.assert_allclose(box.score([""]), numpy.log([[0.8, 0.2]]), atol=1e-6)


def test_classifiers_have_fingerprints_of_their_own() -> None:
    one, other = (
        load_black_box(f"tests.black_boxes:{name}", LABELS, exclusive=True)
        for name in ("CLASSIFIER", "OTHER_CLASSIFIER")
    )
    assert one.score(TEXTS).argmax(axis=1).tolist() == [1, 0]
    assert other.score(TEXTS).argmax(axis=1).tolist() == [0, 1]
    black_boxes.CLASSIFIER, kept = black_boxes.OTHER_CLASSIFIER, black_boxes.CLASSIFIER
    try:
        changed = load_black_box("tests.black_boxes:CLASSIFIER", LABELS, exclusive=True)
    finally:
        black_boxes.CLASSIFIER = kept
    assert changed.fingerprint != one.fingerprint


def test_fingerprints_tell_teachers_apart(write: Callable[..., Path]) -> None:
    columns = {"positive": [0.1, 0.2], "negative": [0.9, 0.8]}
    one = load_black_box(str(write(TEXTS, **columns)), LABELS, exclusive=True)
    again = load_black_box(str(write(TEXTS, **columns)), LABELS, exclusive=True)
    columns["positive"][0] = 0.05
    other = load_black_box(str(write(TEXTS, **columns)), LABELS, exclusive=True)
    assert one.fingerprint == again.fingerprint != other.fingerprint
    function = load_black_box(FUNCTION, LABELS, exclusive=True)
    assert function.fingerprint == load_black_box(FUNCTION, LABELS, exclusive=True).fingerprint
    assert function.fingerprint != one.fingerprint
