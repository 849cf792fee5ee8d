"""The student's component learns from its teacher, and is spaCy's own in everything else."""

from collections.abc import Callable
from typing import Any

import numpy
import pytest
from spacy.language import Language
from spacy.tokens import DocBin
from spacy.training import Example
from thinc.api import fix_random_seed

from scripts.distill.component import (
    DistilledMultiLabelTextCategorizer,
    DistilledTextCategorizer,
)
from scripts.distill.teacher_logits import get_teacher_logits, set_teacher_logits

from .test_heads import bow, reduce

LABELS = ["negative", "positive"]
TEXTS = ["a great lamp", "an awful lamp", "great great tent", "awful noise and an awful smell"]
TEACHER = [[-2.0, 2.0], [3.0, -3.0], [-1.0, 1.5], [4.0, -4.0]]


def make_examples(nlp: Language, taught: bool, gold: bool = False) -> list[Example]:
    examples = []
    for text, logits in zip(TEXTS, TEACHER):
        reference = nlp.make_doc(text)
        if taught:
            set_teacher_logits(reference, LABELS, logits)
        if gold:
            best = int(numpy.argmax(logits))
            reference.cats = {label: float(i == best) for i, label in enumerate(LABELS)}
        examples.append(Example(nlp.make_doc(text), reference))
    return examples


def make_pipe(nlp: Language, factory: str, model: dict[str, Any], examples: list[Example]) -> Any:
    pipe = nlp.add_pipe(factory, name="textcat", config={"model": model})
    fix_random_seed(0)
    pipe.initialize(lambda: examples, nlp=nlp, labels=LABELS)
    return pipe


def test_logits_survive_docbin(nlp: Language) -> None:
    doc = nlp.make_doc("a lamp")
    assert get_teacher_logits(doc) is None
    set_teacher_logits(doc, LABELS, [0.25, -1.5])
    data = DocBin(docs=[doc], store_user_data=True).to_bytes()
    (back,) = DocBin().from_bytes(data).get_docs(nlp.vocab)
    assert get_teacher_logits(back) == {"negative": 0.25, "positive": -1.5}


@pytest.mark.parametrize("model", [bow, reduce])
@pytest.mark.parametrize(
    ("factory", "exclusive"), [("textcat_distill", True), ("textcat_multilabel_distill", False)]
)
def test_student_comes_to_score_as_its_teacher(
    nlp: Language, factory: str, exclusive: bool, model: Callable[[bool], dict[str, Any]]
) -> None:
    examples = make_examples(nlp, taught=True)
    pipe = make_pipe(nlp, factory, model(exclusive), examples)
    optimizer = pipe.create_optimizer()
    optimizer.learn_rate = 0.05
    losses = []
    for _ in range(150):
        losses.append(pipe.update(examples, sgd=optimizer, losses={})["textcat"])
    teacher = numpy.array(TEACHER)
    wanted = 1 / (1 + numpy.exp(-teacher))
    if exclusive:
        wanted = numpy.exp(teacher) / numpy.exp(teacher).sum(axis=1, keepdims=True)
    scores = pipe.predict([eg.predicted for eg in examples])
    numpy.testing.assert_allclose(scores, wanted, atol=0.05)
    assert losses[-1] < losses[0]


def test_labels_are_aligned_by_name(nlp: Language) -> None:
    examples = make_examples(nlp, taught=True)
    pipe = make_pipe(nlp, "textcat_distill", bow(True), examples)
    scores = pipe.predict([eg.predicted for eg in examples])
    loss, gradient = pipe.get_loss(examples, scores)
    for eg in examples:
        logits = get_teacher_logits(eg.reference)
        assert logits is not None
        set_teacher_logits(eg.reference, LABELS[::-1], [logits[label] for label in LABELS[::-1]])
    other_loss, other_gradient = pipe.get_loss(examples, scores)
    assert loss == other_loss
    numpy.testing.assert_array_equal(gradient, other_gradient)


@pytest.mark.parametrize(
    ("factory", "plain", "exclusive"),
    [
        ("textcat_distill", "textcat", True),
        ("textcat_multilabel_distill", "textcat_multilabel", False),
    ],
)
def test_without_a_teacher_it_is_spacys_own(
    nlp: Language, factory: str, plain: str, exclusive: bool
) -> None:
    examples = make_examples(nlp, taught=False, gold=True)
    weights = []
    for name in (factory, plain):
        other = Language(nlp.vocab)
        pipe = make_pipe(other, name, reduce(exclusive), examples)
        optimizer = pipe.create_optimizer()
        for _ in range(3):
            pipe.update(examples, sgd=optimizer)
        weights.append(pipe.predict([eg.predicted for eg in examples]))
    numpy.testing.assert_array_equal(*weights)


def test_examples_with_and_without_teacher_share_a_batch(nlp: Language) -> None:
    taught = make_examples(nlp, taught=True)
    gold = make_examples(nlp, taught=False, gold=True)
    pipe = make_pipe(nlp, "textcat_distill", bow(True), taught)
    scores = pipe.predict([eg.predicted for eg in taught])
    soft_loss, soft = pipe.get_loss(taught, scores)
    gold_loss, hard = pipe.get_loss(gold, scores)
    mixed = [taught[0], gold[1], taught[2], gold[3]]
    loss, gradient = pipe.get_loss(mixed, scores)
    numpy.testing.assert_allclose(gradient[[0, 2]], soft[[0, 2]])
    numpy.testing.assert_allclose(gradient[[1, 3]], hard[[1, 3]])
    assert min(soft_loss, gold_loss) < loss < max(soft_loss, gold_loss)


@pytest.mark.parametrize(
    ("factory", "exclusive"), [("textcat_distill", True), ("textcat_multilabel_distill", False)]
)
def test_other_labels_than_the_teachers_are_refused(
    nlp: Language, factory: str, exclusive: bool
) -> None:
    examples = make_examples(nlp, taught=True)
    pipe = nlp.add_pipe(factory, config={"model": bow(exclusive)})
    with pytest.raises(ValueError, match=r"negative, positive.*neutral, positive"):
        pipe.initialize(lambda: examples, nlp=nlp, labels=["positive", "neutral"])


def test_spacy_4s_names(nlp: Language) -> None:
    examples = make_examples(nlp, taught=True)
    pipe = make_pipe(nlp, "textcat_distill", bow(True), examples)
    assert isinstance(pipe, DistilledTextCategorizer)
    scores = pipe.predict([eg.predicted for eg in examples])
    loss, gradient = pipe.get_teacher_student_loss(numpy.array(TEACHER, dtype="f"), scores)
    assert loss > 0
    assert gradient.shape == scores.shape


def test_factories_make_subclasses_of_spacys(nlp: Language) -> None:
    pipe = nlp.add_pipe("textcat_multilabel_distill")
    assert isinstance(pipe, DistilledMultiLabelTextCategorizer)
    assert nlp.get_pipe_meta("textcat_multilabel_distill").assigns == ["doc.cats"]


def test_distill_online_equals_offline(nlp: Language) -> None:
    """A live teacher with the same scores moves the weights as the scores that examples carry."""
    scores = dict(zip(TEXTS, TEACHER))

    def teacher(texts: list[str]) -> list[dict[str, float]]:
        rows = numpy.exp([scores[text] for text in texts])
        return [dict(zip(LABELS, row / row.sum())) for row in rows]

    predicted = []
    for online in (True, False):
        examples = make_examples(nlp, taught=not online)
        pipe = make_pipe(Language(nlp.vocab), "textcat_distill", reduce(True), examples)
        optimizer = pipe.create_optimizer()
        for _ in range(5):
            if online:
                losses = pipe.distill(teacher, examples, sgd=optimizer)
            else:
                losses = pipe.update(examples, sgd=optimizer)
        assert losses["textcat"] > 0
        assert pipe.step == 5
        predicted.append(pipe.predict([eg.predicted for eg in examples]))
    numpy.testing.assert_allclose(predicted[0], predicted[1], atol=1e-5)


def test_distill_without_an_optimizer_changes_nothing(nlp: Language) -> None:
    examples = make_examples(nlp, taught=False)
    pipe = make_pipe(nlp, "textcat_distill", bow(True), examples)
    before = pipe.to_bytes()
    losses = pipe.distill(lambda texts: [dict.fromkeys(LABELS, 0.5)] * 4, examples, losses={"x": 1})
    assert losses == {"x": 1, "textcat": pytest.approx(numpy.log(2))}
    assert pipe.to_bytes() == before
    assert pipe.is_distillable


def test_distill_of_empty_documents_does_nothing(nlp: Language) -> None:
    examples = make_examples(nlp, taught=False)
    pipe = make_pipe(nlp, "textcat_distill", bow(True), examples)
    empty = [Example(nlp.make_doc(""), nlp.make_doc(""))]
    assert pipe.distill(lambda texts: [], empty) == {"textcat": 0.0}


@pytest.mark.parametrize(
    ("factory", "exclusive"), [("textcat_distill", True), ("textcat_multilabel_distill", False)]
)
def test_gold_labels_reach_the_loss(nlp: Language, factory: str, exclusive: bool) -> None:
    """Where gold labels and the teacher disagree, a blend stands between them."""
    examples = make_examples(nlp, taught=True)
    for eg in examples[:3]:
        eg.reference.cats = {"negative": 1.0, "positive": 0.0}
    blend = {
        "@losses": "distill.blend.v1",
        "soft": {"@losses": "distill.soft_cross_entropy.v1"},
        "gold_weight": 0.5,
    }
    pipe = nlp.add_pipe(factory, config={"model": bow(exclusive), "loss": blend})
    pipe.initialize(lambda: examples, nlp=nlp, labels=LABELS)
    optimizer = pipe.create_optimizer()
    optimizer.learn_rate = 0.05
    for _ in range(150):
        pipe.update(examples, sgd=optimizer)
    scores = pipe.predict([eg.predicted for eg in examples])
    teacher = 1 / (1 + numpy.exp(-numpy.array(TEACHER)))
    if exclusive:
        teacher = numpy.exp(TEACHER) / numpy.exp(TEACHER).sum(axis=1, keepdims=True)
    expected = (teacher + numpy.array([1, 0])) / 2
    expected[3] = teacher[3]  # nothing but the teacher speaks of it
    numpy.testing.assert_allclose(scores, expected, atol=0.05)


def test_unknown_gold_labels_are_not_taken_for_negative(nlp: Language) -> None:
    examples = make_examples(nlp, taught=True)
    examples[0].reference.cats = {"positive": 1.0}
    for factory, expected in (
        ("textcat_distill", [0.0, 1.0]),
        ("textcat_multilabel_distill", [numpy.nan, 1.0]),
    ):
        exclusive = factory == "textcat_distill"
        pipe = make_pipe(Language(nlp.vocab), factory, bow(exclusive), examples)
        gold = pipe._get_gold(examples)
        numpy.testing.assert_array_equal(gold[0], expected)
        assert numpy.isnan(gold[1:]).all()


def test_schedule_moves_with_the_batches(nlp: Language) -> None:
    """Teacher annealing: at first the teacher alone, in the end the gold labels alone."""
    examples = make_examples(nlp, taught=True, gold=True)
    schedule = {
        "@schedules": "constant_then.v1",
        "rate": 0.0,
        "steps": 2,
        "schedule": {"@schedules": "constant.v1", "rate": 1.0},
    }
    blend = {
        "@losses": "distill.blend.v1",
        "soft": {"@losses": "distill.mse_logits.v1"},
        "gold_weight": schedule,
    }
    pipe = nlp.add_pipe("textcat_distill", config={"model": bow(True), "loss": blend})
    pipe.initialize(lambda: examples, nlp=nlp, labels=LABELS)
    losses = [pipe.update(examples)["textcat_distill"] for _ in range(4)]  # no optimizer: it stays
    assert losses[0] == losses[1] == pytest.approx(numpy.mean([4, 9, 1.5625, 16]), rel=1e-3)
    assert losses[2] == losses[3] == pytest.approx(numpy.log(2))


@pytest.mark.parametrize(
    ("factory", "exclusive", "message"),
    [
        ("textcat_distill", False, r"'logistic'.*exclusive_classes = true"),
        ("textcat_multilabel_distill", True, r"'softmax_activation'.*exclusive_classes = false"),
    ],
)
def test_model_for_the_other_kind_of_labels_is_refused(
    nlp: Language, factory: str, exclusive: bool, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        make_pipe(nlp, factory, bow(exclusive), make_examples(nlp, taught=True))


@pytest.mark.parametrize(
    ("labels", "logits", "message"),
    [
        (LABELS, [0.5, float("nan")], r"logit of 'positive' is nan"),
        (["negative"], [0.5], r"scores the labels negative, the student has negative, positive"),
        ([*LABELS, "new"], [0.5, 0.1, 0.2], r"scores the labels negative, new, positive"),
    ],
)
def test_bad_logits_are_named_whenever_they_come(
    nlp: Language, labels: list[str], logits: list[float], message: str
) -> None:
    pipe = make_pipe(nlp, "textcat_distill", bow(True), make_examples(nlp, taught=True))
    examples = make_examples(nlp, taught=True)
    set_teacher_logits(examples[3].reference, labels, logits)
    with pytest.raises(ValueError, match=message):
        pipe.update(examples)


def test_soft_gold_labels_are_refused_however_it_is_taught(nlp: Language) -> None:
    examples = make_examples(nlp, taught=True)
    pipe = make_pipe(nlp, "textcat_distill", bow(True), examples)
    examples[0].reference.cats = {"negative": 0.3, "positive": 0.7}
    with pytest.raises(ValueError, match="E851"):
        pipe.update(examples)
    with pytest.raises(ValueError, match="E851"):
        pipe.distill(lambda texts: [dict.fromkeys(LABELS, 0.5)] * 4, examples)


def test_batches_without_tokens_are_not_counted(nlp: Language) -> None:
    pipe = make_pipe(nlp, "textcat_distill", bow(True), make_examples(nlp, taught=True))
    empty = [Example(nlp.make_doc(""), nlp.make_doc(""))]
    pipe.update(empty)
    pipe.distill(lambda texts: [], empty)
    assert pipe.step == 0
    pipe.update(make_examples(nlp, taught=True))
    assert pipe.step == 1


@pytest.mark.parametrize("logit", [float("nan"), float("inf")])
def test_logits_that_are_not_finite_are_refused(nlp: Language, logit: float) -> None:
    examples = make_examples(nlp, taught=True)
    set_teacher_logits(examples[2].reference, LABELS, [0.5, logit])
    pipe = nlp.add_pipe("textcat_distill", config={"model": bow(True)})
    with pytest.raises(ValueError, match=rf"logit of 'positive' is {logit}.*'great great tent'"):
        pipe.initialize(lambda: examples, nlp=nlp, labels=LABELS)
