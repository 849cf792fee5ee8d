"""Anything that gives scores can teach."""

from collections.abc import Callable
from typing import Any

import numpy
import pytest
import spacy
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MultiLabelBinarizer
from sklearn.svm import LinearSVC
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from scripts.distill.live_teachers import as_teacher, probabilities_to_logits

from .test_heads import bow, reduce

LABELS = ["negative", "positive", "neutral"]
TEXTS = ["a great lamp", "an awful lamp", "a lamp", "great tent", "awful smell", "a smell"]
GOLD = ["positive", "negative", "neutral", "positive", "negative", "neutral"]


@pytest.fixture
def docs(nlp: Language) -> list[Doc]:
    return [nlp.make_doc(text) for text in TEXTS]


def train_pipeline(factory: str, model: dict[str, Any]) -> Language:
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    nlp.add_pipe(factory, name="textcat", config={"model": model})
    examples = [
        Example.from_dict(nlp.make_doc(text), {"cats": {label: label == gold for label in LABELS}})
        for text, gold in zip(TEXTS, GOLD)
    ]
    optimizer = nlp.initialize(lambda: examples)
    optimizer.learn_rate = 0.01
    for _ in range(20):
        nlp.update(examples, sgd=optimizer)
    nlp.add_pipe("lemmatizer", config={"mode": "rule"})  # not initialized: it must not be run
    return nlp


def as_probabilities(logits: Any, exclusive: bool) -> Any:
    if not exclusive:
        return 1 / (1 + numpy.exp(-logits))
    odds = numpy.exp(logits - logits.max(axis=1, keepdims=True))
    return odds / odds.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("part", ["pipeline", "component"])
@pytest.mark.parametrize("architecture", [bow, reduce])
@pytest.mark.parametrize("exclusive", [True, False])
def test_spacy_teaches(
    exclusive: bool,
    architecture: Callable[[bool], dict[str, Any]],
    part: str,
    docs: list[Doc],
) -> None:
    factory = "textcat" if exclusive else "textcat_multilabel"
    nlp = train_pipeline(factory, architecture(exclusive))
    teacher = as_teacher(
        nlp if part == "pipeline" else nlp.get_pipe("textcat"), LABELS, exclusive=exclusive
    )
    probabilities = as_probabilities(teacher(docs), exclusive)
    textcat: Any = nlp.get_pipe("textcat")
    expected = textcat.predict(docs)[:, [textcat.labels.index(label) for label in LABELS]]
    numpy.testing.assert_allclose(probabilities, expected, atol=1e-5)


@pytest.mark.parametrize("classifier", [LogisticRegression(), LinearSVC()])
def test_scikit_learn_teaches(classifier: Any, docs: list[Doc]) -> None:
    classifier = make_pipeline(CountVectorizer(), classifier).fit(TEXTS, GOLD)
    logits = as_teacher(classifier, LABELS, exclusive=True)(docs)
    assert [LABELS[i] for i in logits.argmax(axis=1)] == GOLD
    if hasattr(classifier, "predict_proba"):
        expected = classifier.predict_proba(TEXTS)[:, [0, 2, 1]]
        numpy.testing.assert_allclose(as_probabilities(logits, True), expected)


def test_scikit_learn_teaches_two_labels_by_one_score(docs: list[Doc]) -> None:
    classifier = make_pipeline(CountVectorizer(), LinearSVC())
    classifier.fit(TEXTS, ["good" if gold == "positive" else "bad" for gold in GOLD])
    logits = as_teacher(classifier, ["good", "bad"], exclusive=True)(docs)
    scores = classifier.decision_function(TEXTS)
    numpy.testing.assert_allclose(logits[:, 0] - logits[:, 1], scores)


def test_one_score_of_two_labels_that_do_not_exclude_each_other(docs: list[Doc]) -> None:
    classifier = make_pipeline(CountVectorizer(), LinearSVC())
    classifier.fit(TEXTS, ["good" if gold == "positive" else "bad" for gold in GOLD])
    logits = as_teacher(classifier, ["bad", "good"], exclusive=False)(docs)
    scores = classifier.decision_function(TEXTS)
    numpy.testing.assert_allclose(logits, numpy.stack([-scores, scores], axis=1))


@pytest.mark.parametrize("exclusive", [True, False])
def test_teacher_of_the_other_kind_is_refused(exclusive: bool) -> None:
    nlp = train_pipeline("textcat" if exclusive else "textcat_multilabel", bow(exclusive))
    for teacher in (nlp, nlp.get_pipe("textcat")):
        with pytest.raises(ValueError, match=r"exclude each other.*Use the factory"):
            as_teacher(teacher, LABELS, exclusive=not exclusive)


def test_component_that_looks_up_vectors_teaches_with_its_pipeline_only(docs: list[Doc]) -> None:
    nlp = spacy.blank("en")
    for text in TEXTS:
        for word in text.split():
            nlp.vocab.set_vector(word, numpy.ones(4, dtype="f"))
    model = reduce(True)
    model["tok2vec"] = {**model["tok2vec"], "pretrained_vectors": True}
    nlp.add_pipe("textcat", config={"model": model})
    examples = [
        Example.from_dict(nlp.make_doc(text), {"cats": {label: label == gold for label in LABELS}})
        for text, gold in zip(TEXTS, GOLD)
    ]
    nlp.initialize(lambda: examples)
    assert as_teacher(nlp, LABELS, exclusive=True)(docs).shape == (6, 3)
    component = as_teacher(nlp.get_pipe("textcat"), LABELS, exclusive=True)
    assert component([nlp.make_doc(text) for text in TEXTS]).shape == (6, 3)
    with pytest.raises(ValueError, match="Give the whole pipeline"):
        component(docs)


def test_scikit_learn_teaches_labels_that_do_not_exclude_each_other(docs: list[Doc]) -> None:
    binarizer = MultiLabelBinarizer()
    gold = binarizer.fit_transform([{label, "text"} for label in GOLD])
    classifier = make_pipeline(CountVectorizer(), OneVsRestClassifier(LogisticRegression()))
    with pytest.warns(UserWarning, match="present in all"):
        classifier.fit(TEXTS, gold)

    def teacher(texts: list[str]) -> list[dict[str, float]]:
        return [dict(zip(binarizer.classes_, row)) for row in classifier.predict_proba(texts)]

    logits = as_teacher(teacher, [*LABELS, "text"], exclusive=False)(docs)
    expected = classifier.predict_proba(TEXTS)[:, [0, 2, 1, 3]]
    numpy.testing.assert_allclose(as_probabilities(logits, False), expected, atol=1e-6)
    with pytest.raises(ValueError, match=r"scores the labels 0, 1, 2, 3"):  # it knows no names
        as_teacher(classifier, [*LABELS, "text"], exclusive=False)


def test_function_teaches(docs: list[Doc]) -> None:
    def teacher(texts: list[str]) -> list[dict[str, float]]:
        return [{"positive": 0.7, "neutral": 0.3, "negative": 0.0} for _ in texts]

    logits = as_teacher(teacher, LABELS, exclusive=True)(docs)
    assert logits.shape == (6, 3)
    assert numpy.isfinite(logits).all()
    numpy.testing.assert_allclose(as_probabilities(logits, True)[0], [0, 0.7, 0.3], atol=1e-6)


def test_certain_probabilities_become_finite_logits() -> None:
    logits = probabilities_to_logits(numpy.array([[0.0, 1.0]]), exclusive=False)
    numpy.testing.assert_allclose(as_probabilities(logits, False), [[0, 1]], atol=1e-6)


@pytest.mark.parametrize("probability", [-0.1, 1.1, float("nan")])
def test_what_is_no_probability_is_refused(probability: float) -> None:
    with pytest.raises(ValueError, match=rf"probability {probability}"):
        probabilities_to_logits(numpy.array([[probability, 0.5]]), exclusive=True)


def test_other_labels_are_refused(docs: list[Doc]) -> None:
    nlp = train_pipeline("textcat", bow(True))
    for teacher in (nlp, nlp.get_pipe("textcat")):
        with pytest.raises(ValueError, match=r"negative, positive, neutral.*good, bad"):
            as_teacher(teacher, ["good", "bad"], exclusive=True)
    classifier = make_pipeline(CountVectorizer(), LogisticRegression()).fit(TEXTS, GOLD)
    with pytest.raises(ValueError, match=r"negative, neutral, positive.*good, bad"):
        as_teacher(classifier, ["good", "bad"], exclusive=True)
    teach = as_teacher(lambda texts: [{"good": 1.0}] * len(texts), LABELS, exclusive=True)
    with pytest.raises(ValueError, match=r"scores the labels good, the student has"):
        teach(docs)


def test_too_few_scores_are_refused(docs: list[Doc]) -> None:
    teach = as_teacher(lambda texts: [dict.fromkeys(LABELS, 0.3)], LABELS, exclusive=True)
    with pytest.raises(ValueError, match="1 rows of scores for 6 texts"):
        teach(docs)


def test_a_component_that_listens_is_refused() -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("tok2vec")
    listener = {"@architectures": "spacy.Tok2VecListener.v1", "width": 96, "upstream": "*"}
    model = {**reduce(True), "tok2vec": listener}
    textcat: Any = nlp.add_pipe("textcat", config={"model": model})
    for label in LABELS:
        textcat.add_label(label)
    with pytest.raises(ValueError, match="Give the whole pipeline"):
        as_teacher(textcat, LABELS, exclusive=True)


@pytest.mark.parametrize("teacher", [3, None, "teacher"])
def test_what_gives_no_scores_is_refused(teacher: object) -> None:
    with pytest.raises(TypeError, match=f"Can't distil from {type(teacher).__name__}"):
        as_teacher(teacher, LABELS, exclusive=True)


def test_a_pipeline_without_a_text_categorizer_is_refused(nlp: Language) -> None:
    with pytest.raises(ValueError, match="text categorizers: none"):
        as_teacher(nlp, LABELS, exclusive=True)
    nlp.add_pipe("sentencizer")
    with pytest.raises(TypeError, match="Sentencizer"):
        as_teacher(nlp.get_pipe("sentencizer"), LABELS, exclusive=True)
