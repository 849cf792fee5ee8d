"""Evaluate every model on the same test set and compare them: metrics.json."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy
import spacy
import srsly
from numpy.typing import NDArray

from .calibration import read_calibration
from .cascade import compare_answers, describe_cascade
from .examples import describe_examples
from .fasttext_classifier import MODEL as FASTTEXT_MODEL
from .figures import (
    HeldOut,
    add_costs,
    describe_machine,
    describe_quality,
    read_held_out,
    size_mb,
)
from .measure import load_predictor
from .metrics import compare, is_correct
from .model_names import BASELINE, FASTTEXT, MEAN, STUDENT, TEACHER, TFIDF, name_model, twin_of
from .outputs import atomic_file
from .products import BEST, choose_student, model_folder, name_by_seed, read_stats, require
from .records import GOLD, POOL, read_column
from .side_by_side import (
    ROUNDS,
    Measured,
    Model,
    compare_speeds,
    list_requirements,
    measure_models,
)
from .teacher_info import INFO, fingerprint, hash_file, read_teacher_info
from .tfidf import MODEL as TFIDF_MODEL
from .training import read_history

PEERS = (TFIDF, FASTTEXT)
BLACK_BOX = "black_box"

# Of each model, the probabilities with each seed, of the shape (texts, labels).
ProbabilitiesBySeed = Mapping[str, list[NDArray[numpy.float64]]]


class Candidate(NamedTuple):
    """A model to evaluate: its name in metrics.json, what kind it is, where it lies, and the step
    that makes it.
    """

    name: str
    kind: str
    path: Path
    step: str


class Pair(NamedTuple):
    """Names of two models to compare."""

    a: str
    b: str


class Subjects(NamedTuple):
    """All that is to be evaluated: models by name, those of further seeds by the name of the first, the
    students' names and the best one of them, and the seeds of students and baselines.
    """

    candidates: list[Candidate]
    further: dict[str, list[Path]]
    students: list[str]
    best: str
    seeds: list[int]


def list_candidates(training: Path, architectures: Sequence[str]) -> list[Candidate]:
    """List the models that a run makes.

    training (Path): The folder that holds their folders.
    architectures (Sequence[str]): Names of the students' architectures, such as "bow".
    RETURNS (list[Candidate]): Teacher, students, baselines, TF-IDF with logistic regression, and
        fastText where it was installed when these were trained.
    """
    folder = training / TEACHER
    if (folder / INFO).is_file() and read_teacher_info(folder).black_box:
        candidates = [Candidate(TEACHER, BLACK_BOX, folder, TEACHER)]
    else:
        candidates = [Candidate(TEACHER, "transformer", folder / BEST, TEACHER)]
    for step in (STUDENT, BASELINE):
        for architecture in architectures:
            name = name_model(step, architecture)
            path = model_folder(training, step, architecture) / BEST
            candidates.append(Candidate(name, architecture, path, step))
    candidates.append(Candidate(TFIDF, TFIDF, training / TFIDF / TFIDF_MODEL, BASELINE))
    fasttext = Candidate(FASTTEXT, FASTTEXT, training / FASTTEXT / FASTTEXT_MODEL, BASELINE)
    return [*candidates, fasttext] if fasttext.path.is_file() else candidates


def as_models(candidates: Sequence[Candidate]) -> dict[str, Model]:
    """Say what there is to measure.

    candidates (Sequence[Candidate]): The models.
    RETURNS (dict[str, Model]): Them by name; all but the teacher in an environment of their own.
    RAISES (InputError): What one needs isn't installed.
    """
    return {
        name: Model(path, None if name == TEACHER else list_requirements(path))
        for name, _, path, _ in candidates
    }


def list_further(
    training: Path, architectures: Sequence[str], seeds: Sequence[int]
) -> dict[str, list[Path]]:
    """List the models of all seeds but the first.

    training (Path): The folder that holds their folders.
    architectures (Sequence[str]): Names of the students' architectures.
    seeds (Sequence[int]): The seeds.
    RETURNS (dict[str, list[Path]]): Where they lie, by the name of the first seed's.
    """
    return {
        name_model(step, architecture): [
            model_folder(training, step, name) / BEST
            for name in list(name_by_seed(architecture, seeds).values())[1:]
        ]
        for step in (STUDENT, BASELINE)
        for architecture in architectures
    }


def find_subjects(training: Path, architectures: Sequence[str], seeds: list[int]) -> Subjects:
    """Find what a run has made.

    training (Path): The folder of the models.
    architectures (Sequence[str]): Names of the students' architectures.
    seeds (list[int]): Seeds of students and baselines.
    RETURNS (Subjects): The models.
    RAISES (InputError): One is missing.
    """
    candidates = list_candidates(training, architectures)
    further = list_further(training, architectures, seeds)
    for candidate in candidates:
        require(candidate.path, *further.get(candidate.name, ()), step=candidate.step)
    students = [candidate.name for candidate in candidates if candidate.step == STUDENT]
    best = name_model(STUDENT, choose_student(training, architectures))
    return Subjects(candidates, further, students, best, seeds)


def list_comparisons(architectures: Sequence[str], peers: Sequence[str]) -> list[Pair]:
    """List the pairs to compare: every student with its teacher, its baseline and the peers, and the
    teacher and the mean of several students with the peers, the latter with the teacher as well.

    architectures (Sequence[str]): Names of the students' architectures.
    peers (Sequence[str]): Names of models that need no neural network of spaCy's.
    RETURNS (list[Pair]): Pairs of names.
    """
    pairs = [Pair(TEACHER, peer) for peer in peers]
    for architecture in architectures:
        student = name_model(STUDENT, architecture)
        pairs += [Pair(student, b) for b in (TEACHER, twin_of(student), *peers)]
    if len(architectures) > 1:
        pairs += [Pair(MEAN, b) for b in (TEACHER, *peers)]
    return pairs


def evaluate_models(
    corpus: Path,
    scored: Path,
    training: Path,
    output: Path,
    *,
    lang: str,
    architectures: Sequence[str],
    seed: int,
    seeds: Sequence[int] = (),
    start: Callable[[int], object] = lambda total: None,
    progress: Callable[[str], object] = lambda name: None,
) -> dict[str, Any]:
    """Evaluate teacher, students, baselines and their peers on test.

    corpus (Path): The folder of the gold corpus.
    scored (Path): What the students learned from; it is counted.
    training (Path): The folder of the models.
    output (Path): The file metrics.json.
    lang (str): Language code.
    architectures (Sequence[str]): Names of the students' architectures.
    seed (int): Seed that the teacher was trained with; also the bootstrap's.
    seeds (Sequence[int]): Seeds of students and baselines; none: the same one.
    start (Callable[[int], object]): Told how many things there are to do.
    progress (Callable[[str], object]): Told the name of each that is done.
    RETURNS (dict[str, Any]): What was written.
    RAISES (InputError): A model or the corpus is missing, or a model can't be measured: see
        side_by_side.measure_models.
    """
    stats = read_stats(corpus)
    require(scored, step="score")
    subjects = find_subjects(training, architectures, list(seeds) or [seed])
    test, dev = (read_held_out(corpus, split, lang, stats) for split in ("test", "dev"))
    n_further = sum(map(len, subjects.further.values()))
    start(1 + len(subjects.candidates) * (1 + ROUNDS) + n_further)
    measured = _measure(subjects, test, dev, progress)
    by_seed = _predict_by_seed(subjects, measured, test, progress)
    metrics = {
        "lang": lang,
        "labels": stats["labels"],
        "data": {
            **stats,
            **_describe_scored(scored),
            "fingerprints": hash_inputs(corpus, scored, training),
            "best_student": subjects.best,
            "machine": describe_machine(),
        },
        "models": _describe_models(subjects, measured, by_seed, test, seed),
        "comparisons": _compare_models(architectures, by_seed, test, seed),
        "cascade": _describe_cascade(subjects.best, measured, dev, test),
        "examples": _describe_examples(subjects, measured, test),
    }
    progress("examples")
    with atomic_file(output) as temporary:
        srsly.write_json(temporary, metrics)
    return metrics


def _describe_scored(scored: Path) -> dict[str, Any]:
    methods = Counter(read_column(scored, "method"))
    synthetic = methods.total() - methods[GOLD] - methods[POOL]
    return {
        "scored": dict(methods),
        "synthetic": synthetic,
    }


def hash_inputs(corpus: Path, scored: Path, training: Path) -> dict[str, str]:
    """Hash what figures depend on beside the models themselves.

    corpus (Path): The folder of the gold corpus.
    scored (Path): What the students learned from.
    training (Path): The folder of the models, with the teacher's word vectors.
    RETURNS (dict[str, str]): SHA-256, as hexadecimal digits, of "scored", "dev", "test" and "vectors".
    """
    return {
        "scored": hash_file(scored),
        "dev": hash_file(corpus / "dev.spacy"),
        "test": hash_file(corpus / "test.spacy"),
        "vectors": fingerprint(training / "vectors"),
    }


def _measure(
    subjects: Subjects, test: HeldOut, dev: HeldOut, progress: Callable[[str], object]
) -> dict[str, Measured]:
    """Measure each model; of further seeds' there is no need to."""
    measured = measure_models(
        as_models(subjects.candidates),
        test.texts,
        test.labels,
        dev_texts=dict.fromkeys((TEACHER, subjects.best), dev.texts),
        progress=progress,
    )
    sized = {}
    for name, kind, path, _ in subjects.candidates:
        found = measured[name]
        cost = {
            **found.cost,
            "times_teacher": compare_speeds(found, measured[TEACHER]),
            # How large a black box is can't be seen from here.
            "size_mb": None if kind == BLACK_BOX else size_mb(path),
        }
        sized[name] = found._replace(cost=cost)
    return sized


def _predict_by_seed(
    subjects: Subjects,
    measured: Mapping[str, Measured],
    test: HeldOut,
    progress: Callable[[str], object],
) -> ProbabilitiesBySeed:
    """Let the further seeds' models predict, and take the mean of the students, if there are several."""
    by_seed = {name: [found.probabilities] for name, found in measured.items()}
    for name, paths in subjects.further.items():
        for path in paths:
            by_seed[name].append(load_predictor(path, test.labels)(test.texts))
            progress(f"{name} in {path.parent.name}")
    if len(subjects.students) > 1:
        runs = zip(*(by_seed[name] for name in subjects.students))
        by_seed[MEAN] = [numpy.mean(run, axis=0) for run in runs]
    return by_seed


def _describe_models(
    subjects: Subjects,
    measured: Mapping[str, Measured],
    by_seed: ProbabilitiesBySeed,
    test: HeldOut,
    seed: int,
) -> dict[str, dict[str, Any]]:
    """Quality, cost and history of each model, by its name."""
    teacher = by_seed[TEACHER][0]
    rows = {}
    for name, kind, path, step in subjects.candidates:
        seeds = subjects.seeds if name in subjects.further else [seed]
        calibration = read_calibration(path) if step == STUDENT else None
        rows[name] = {
            "kind": kind,
            **describe_quality(test, by_seed[name], teacher, seeds),
            **measured[name].cost,
            "temperature": calibration.temperature if calibration else None,
            "history": read_history(path.parent),
        }
        if name == subjects.students[-1] and MEAN in by_seed:
            rows[MEAN] = {
                "kind": "mean",
                **describe_quality(test, by_seed[MEAN], teacher, subjects.seeds),
                **add_costs([measured[student].cost for student in subjects.students]),
                "temperature": None,
                "history": [],
            }
    return rows


def _compare_models(
    architectures: Sequence[str], by_seed: ProbabilitiesBySeed, test: HeldOut, seed: int
) -> list[dict[str, Any]]:
    """Compare the accuracy of pairs of models, text by text."""
    correct = {
        name: is_correct(test.gold, found[0], test.exclusive) for name, found in by_seed.items()
    }
    return [
        {"a": a, "b": b, **compare(correct[a], correct[b], seed)._asdict()}
        for a, b in list_comparisons(architectures, [name for name in PEERS if name in by_seed])
    ]


def _describe_cascade(
    best: str, measured: Mapping[str, Measured], dev: HeldOut, test: HeldOut
) -> dict[str, Any]:
    """The student that did best on dev before its teacher."""
    student, teacher = measured[best], measured[TEACHER]
    return describe_cascade(
        best,
        compare_answers(dev.gold, student.dev, teacher.dev, dev.exclusive),
        compare_answers(test.gold, student.probabilities, teacher.probabilities, test.exclusive),
        student.cost.get("docs_per_second"),
        teacher.cost.get("docs_per_second"),
    )


def _describe_examples(
    subjects: Subjects, measured: Mapping[str, Measured], test: HeldOut
) -> dict[str, Any]:
    """Texts to look at, of the student that did best on dev."""
    (path,) = (model.path for model in subjects.candidates if model.name == subjects.best)
    return describe_examples(
        subjects.best,
        spacy.load(path),
        test.texts,
        test.gold,
        measured[subjects.best].probabilities,
        measured[TEACHER].probabilities,
        test.labels,
        test.exclusive,
    )
