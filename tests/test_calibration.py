"""Calibrated students: the temperature that dev asks for, and nothing else changed."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy
import pytest
import spacy
import srsly
from numpy.typing import NDArray
from scipy.special import expit, softmax
from spacy.language import Language
from thinc.api import Linear, Logistic, Model, Relu, add, chain, fix_random_seed

from scripts.distill.calibration import (
    NO_BEST,
    NOT_SCALED,
    Calibration,
    calibrate,
    calibrate_on_disk,
    fit_temperature,
    negative_log_likelihood,
    predict_logits,
    read_calibration,
)
from scripts.distill.callbacks import to_plain_textcat
from scripts.distill.documents import Gold
from scripts.distill.heads import find_output
from scripts.distill.metrics import decide, to_probabilities

from .test_heads import reduce
from .test_students import LABELS, NAMES, TEXTS, make_vectors, train

# The columns of gold labels needn't be in the students' order.
COLUMNS = LABELS[::-1]


class Student(NamedTuple):
    """A student on disk and what it gave before it was calibrated, labels in COLUMNS' order."""

    path: Path
    exclusive: bool
    logits: NDArray[numpy.float64]
    gold: NDArray[numpy.int64]
    calibration: Calibration


def predict(nlp: Language) -> NDArray[numpy.float64]:
    return numpy.array([[doc.cats[label] for label in COLUMNS] for doc in nlp.pipe(TEXTS)])


def make_gold(logits: NDArray[numpy.float64], exclusive: bool) -> NDArray[numpy.int64]:
    """Gold labels that a student is right about for three texts in four."""
    gold = decide(to_probabilities(logits, exclusive), exclusive)
    wrong = numpy.arange(len(gold)) % 4 == 3
    gold[wrong] = 1 - gold[wrong]
    return gold


@pytest.fixture(scope="module", params=[(n, e) for n in NAMES for e in (True, False)], ids=str)
def student(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Student:
    name, exclusive = request.param
    vectors = make_vectors(tmp_path_factory.mktemp("vectors"))
    nlp = to_plain_textcat(train(name, exclusive, vectors, tmp_path_factory.mktemp("corpus")))
    path = tmp_path_factory.mktemp(name) / "model-best"
    nlp.to_disk(path)
    logits = predict_logits(nlp, TEXTS)[:, ::-1]
    gold = make_gold(logits, exclusive)
    calibration = calibrate_on_disk(path, Gold(TEXTS, gold), COLUMNS)
    return Student(path, exclusive, logits, gold, calibration)


def test_probabilities_are_those_of_the_temperature(student: Student) -> None:
    temperature = student.calibration.temperature
    assert temperature is not None
    assert abs(numpy.log(temperature)) > 0.05  # something has changed
    scaled = student.logits / temperature
    expected = softmax(scaled, axis=1) if student.exclusive else expit(scaled)
    found = predict(spacy.load(student.path))
    numpy.testing.assert_allclose(found, expected, atol=1e-5)


def test_decisions_stay_and_gold_labels_become_likelier(student: Student) -> None:
    nlp = spacy.load(student.path)
    before = decide(to_probabilities(student.logits, student.exclusive), student.exclusive)
    assert decide(predict(nlp), student.exclusive).tolist() == before.tolist()
    found = negative_log_likelihood(
        student.gold, predict_logits(nlp, TEXTS)[:, ::-1], student.exclusive
    )
    assert found == pytest.approx(student.calibration.nll_after, abs=1e-5)
    assert found < student.calibration.nll_before


def test_pipeline_stays_plain(student: Student) -> None:
    meta = srsly.read_json(student.path / "meta.json")
    temperature = student.calibration.temperature
    assert meta["calibration"]["temperature"] == pytest.approx(temperature)
    read = read_calibration(student.path)
    assert read is not None
    assert str(read) == str(student.calibration)
    assert "distill" not in (student.path / "config.cfg").read_text(encoding="utf8")
    assert str(student.calibration).startswith("calibrated with temperature")


@pytest.mark.parametrize("exclusive", [True, False])
@pytest.mark.parametrize("temperature", [0.3, 1.0, 4.0])
def test_temperature_is_found_again(temperature: float, exclusive: bool) -> None:
    rng = numpy.random.default_rng(0)
    true = rng.normal(size=(20_000, 3)) * 2
    if exclusive:
        gold = numpy.array([rng.multinomial(1, p) for p in softmax(true, axis=1)])
    else:
        gold = rng.binomial(1, expit(true))
    found = fit_temperature(gold, true * temperature, exclusive)
    assert found == pytest.approx(temperature, rel=0.05)


def test_likelihoods() -> None:
    gold, logits = numpy.array([[1, 0], [0, 1]]), numpy.log([[3.0, 1.0], [1.0, 1.0]])
    expected = -numpy.log([0.75, 0.5]).mean()
    assert negative_log_likelihood(gold, logits, True) == pytest.approx(expected)
    # Each label for itself: of odds 3 and 1 the first is 3/4 and the second 1/2.
    expected = -numpy.log([0.75 * 0.5, 0.5 * 0.5]).mean()
    assert negative_log_likelihood(gold, logits, False) == pytest.approx(expected)


@pytest.mark.parametrize("flipped", [False, True])
def test_no_temperature_where_dev_cannot_tell(flipped: bool) -> None:
    """A student that is always right ought to be surer still, one that always errs unsure."""
    logits = numpy.array([[2.0, -2.0], [-1.0, 1.0], [0.5, 0.0]])
    gold = decide(to_probabilities(logits, True), True)
    assert fit_temperature(1 - gold if flipped else gold, logits, True) is None


def two_layers(width: int) -> Model:
    """The last layer makes but half of the logits."""
    return chain(add(Linear(2, width), Linear(2, width)), Logistic())


def kinked(width: int) -> Model:
    return chain(Linear(2, width), Relu(2, 2), Logistic())


@pytest.mark.parametrize("head", [two_layers, kinked])
def test_heads_that_take_no_temperature_are_left_out(head: Callable[[int], Model]) -> None:
    fix_random_seed(0)
    nlp = spacy.blank("en")
    textcat = nlp.add_pipe("textcat_multilabel", name="textcat", config={"model": reduce(False)})
    for label in COLUMNS:
        textcat.add_label(label)
    nlp.initialize()
    encoder, output = textcat.model.layers[0].layers[0], find_output(textcat.model)
    assert output is not None
    textcat.model = chain(encoder, head(output.get_dim("nI")))
    textcat.model.initialize()
    gold = make_gold(predict_logits(nlp, TEXTS), False)
    before = predict(nlp)
    calibration = calibrate(nlp, Gold(TEXTS, gold), COLUMNS)
    assert calibration.temperature is None
    assert str(calibration) == f"not calibrated: {NOT_SCALED}"
    assert calibration.nll_after == calibration.nll_before
    assert predict(nlp).tolist() == before.tolist()


def test_pipeline_that_dev_cannot_calibrate_is_left_out(tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    textcat = nlp.add_pipe("textcat", config={"model": reduce(True)})
    for label in COLUMNS:
        textcat.add_label(label)
    nlp.initialize()  # all weights of the last layer are 0: nothing to divide
    nlp.to_disk(tmp_path)
    gold = numpy.eye(2, dtype=int)[numpy.arange(len(TEXTS)) % 2]
    assert read_calibration(tmp_path) is None
    assert calibrate_on_disk(tmp_path, Gold(TEXTS, gold), COLUMNS).left_out == NO_BEST
    found = read_calibration(tmp_path)
    assert found is not None
    assert found.temperature is None
    assert predict(spacy.load(tmp_path)).tolist() == predict(nlp).tolist()
