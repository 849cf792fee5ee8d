"""Teachers that score documents as they are asked: another pipeline, a component, a scikit-learn
classifier, a function.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy
from numpy.typing import NDArray
from spacy.language import Language
from spacy.pipeline import Pipe, TextCategorizer
from spacy.tokens import Doc

from .errors import SettingError
from .heads import find_head, without_activation

# Black boxes say 0 and 1 of what they are only very sure of.
PROBABILITY_FLOOR = 1e-7

Logits = NDArray[numpy.float64]
Teacher = Callable[[Sequence[Doc]], Logits]


def as_teacher(teacher: Any, labels: Sequence[str], *, exclusive: bool) -> Teacher:
    """Make whatever gives scores a function from documents to logits.

    teacher (Any): One of: a spaCy pipeline with one text categorizer; a trained text categorizer that
        listens to no other component; a scikit-learn classifier of texts (a pipeline that starts with
        a vectorizer) whose classes are the labels, by name; a function from a list of texts to as many
        dictionaries of a probability for each label, such as `Doc.cats`.
    labels (Sequence[str]): The student's labels: the order of the logits.
    exclusive (bool): Whether labels exclude each other.
    RETURNS (Teacher): From documents to logits of the shape (documents, labels). It raises ValueError
        where the teacher scores other labels.
    RAISES (TypeError): It is nothing of that kind.
    RAISES (ValueError): It is, but can't be used, scores other labels, or labels of the other kind.
    """
    if isinstance(teacher, Language):
        return _from_pipeline(teacher, labels, exclusive)
    if isinstance(teacher, TextCategorizer):
        return _from_textcat(teacher, labels, exclusive)
    if hasattr(teacher, "classes_"):
        return _from_classifier(teacher, labels, exclusive)
    if callable(teacher) and not isinstance(teacher, Pipe):
        return _from_function(teacher, labels, exclusive)
    raise TypeError(
        f"Can't distil from {type(teacher).__name__}. Expected a spaCy pipeline with a text "
        "categorizer, a text categorizer, a scikit-learn classifier of texts or a function from "
        "texts to dictionaries of probabilities."
    )


def probabilities_to_logits(probabilities: Logits, *, exclusive: bool) -> Logits:
    """Turn probabilities into logits; 0 and 1 are taken for something very near.

    probabilities (NDArray): From 0 to 1. Shape: (documents, labels).
    exclusive (bool): Whether labels exclude each other.
    RETURNS (NDArray): Same shape; for exclusive labels up to a constant in each row.
    RAISES (ValueError): A value isn't from 0 to 1.
    """
    outside = ~((probabilities >= 0) & (probabilities <= 1))
    if outside.any():
        raise SettingError(
            f"A teacher gave the probability {probabilities[outside][0]}. Expected numbers from 0 to 1."
        )
    if exclusive:
        return numpy.log(probabilities.clip(PROBABILITY_FLOOR, None))
    p = probabilities.clip(PROBABILITY_FLOOR, 1 - PROBABILITY_FLOOR)
    return numpy.log(p) - numpy.log1p(-p)


def find_columns(found: Sequence[str], labels: Sequence[str]) -> list[int]:
    """Find where a teacher has the student's labels.

    found (Sequence[str]): The teacher's labels.
    labels (Sequence[str]): The student's.
    RETURNS (list[int]): For each of the student's labels its position among the teacher's.
    RAISES (ValueError): They aren't the same labels.
    """
    if set(found) != set(labels):
        raise SettingError(
            f"The teacher scores the labels {', '.join(map(str, found))}, the student has "
            f"{', '.join(labels)}. Expected the same labels, in any order."
        )
    return [list(found).index(label) for label in labels]


def _check_kind(pipe: TextCategorizer, exclusive: bool) -> None:
    if find_head(pipe.model).exclusive is not exclusive:
        teacher, student = ("no ", "") if exclusive else ("", "no ")
        raise SettingError(
            f"Can't distil from '{pipe.name}': it scores {teacher}labels that exclude each other, the "
            f"student has {student}such labels. Use the factory "
            f"{'textcat_multilabel_distill' if exclusive else 'textcat_distill'} for the student."
        )


def _from_textcat(pipe: TextCategorizer, labels: Sequence[str], exclusive: bool) -> Teacher:
    columns = find_columns(pipe.labels, labels)
    _check_kind(pipe, exclusive)
    if any("listener" in node.name for node in pipe.model.walk()):
        raise SettingError(
            f"Can't distil from the component '{pipe.name}' alone: it listens to another one. Give "
            "the whole pipeline as the teacher."
        )

    has_vectors = any(node.name == "static_vectors" for node in pipe.model.walk())

    def score(docs: Sequence[Doc]) -> Logits:
        if has_vectors and any(doc.vocab is not pipe.vocab for doc in docs):
            raise SettingError(
                f"Can't distil from the component '{pipe.name}' alone: it looks up word vectors, which "
                "the student's vocabulary doesn't hold. Give the whole pipeline as the teacher."
            )
        with without_activation(pipe.model) as model:
            return model.ops.to_numpy(model.predict(list(docs)))[:, columns].astype("float64")

    return score


def _from_pipeline(nlp: Language, labels: Sequence[str], exclusive: bool) -> Teacher:
    found = [(name, pipe) for name, pipe in nlp.pipeline if isinstance(pipe, TextCategorizer)]
    if len(found) != 1:
        names = ", ".join(name for name, _ in found) or "none"
        raise SettingError(
            f"Can't distil from a pipeline with the text categorizers: {names}. Expected exactly one."
        )
    ((name, pipe),) = found
    columns = find_columns(pipe.labels, labels)
    _check_kind(pipe, exclusive)
    before = nlp.pipe_names[: nlp.pipe_names.index(name)]
    after = [other for other in nlp.pipe_names if other not in before]

    def score(docs: Sequence[Doc]) -> Logits:
        # Documents of the teacher's own tokenizer: the student's may split otherwise.
        with nlp.select_pipes(disable=after):
            prepared = list(nlp.pipe([doc.text for doc in docs]))
        with without_activation(pipe.model) as model:
            return model.ops.to_numpy(model.predict(prepared))[:, columns].astype("float64")

    return score


def _from_classifier(classifier: Any, labels: Sequence[str], exclusive: bool) -> Teacher:
    columns = find_columns([str(label) for label in classifier.classes_], labels)

    def score(docs: Sequence[Doc]) -> Logits:
        texts = [doc.text for doc in docs]
        if hasattr(classifier, "predict_proba"):
            probabilities = numpy.asarray(classifier.predict_proba(texts), dtype="float64")
            return probabilities_to_logits(probabilities, exclusive=exclusive)[:, columns]
        scores = numpy.asarray(classifier.decision_function(texts), dtype="float64")
        if scores.ndim == 1:  # of two classes, how much more the second
            scores = numpy.stack([-scores, scores], axis=1) / (2 if exclusive else 1)
        return scores[:, columns]

    return score


def _from_function(
    function: Callable[[list[str]], Sequence[Mapping[str, float]]],
    labels: Sequence[str],
    exclusive: bool,
) -> Teacher:
    def score(docs: Sequence[Doc]) -> Logits:
        rows = function([doc.text for doc in docs])
        if len(rows) != len(docs):
            raise SettingError(
                f"A teacher gave {len(rows)} rows of scores for {len(docs)} texts. Expected one each."
            )
        for row in rows:
            find_columns(list(row), labels)
        probabilities = numpy.array([[row[label] for label in labels] for row in rows])
        return probabilities_to_logits(probabilities.astype("float64"), exclusive=exclusive)

    return score
