"""Text categorizers that learn from a teacher's scores. They differ from spaCy's in loss alone."""

from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any

import numpy
from spacy.language import Language
from spacy.pipeline.textcat import DEFAULT_SINGLE_TEXTCAT_MODEL, TextCategorizer
from spacy.pipeline.textcat_multilabel import (
    DEFAULT_MULTI_TEXTCAT_MODEL,
    MultiLabel_TextCategorizer,
)
from spacy.tokens import Doc
from spacy.training import Example, validate_examples
from spacy.vocab import Vocab
from thinc.api import Model
from thinc.types import Floats2d

from .heads import find_head, to_logits, to_output_gradient
from .losses import SoftLoss

# The key in a reference document's user_data; user_data survives DocBin.
TEACHER_LOGITS = "teacher_logits"
# How many examples are looked at before training starts.
CHECKED_EXAMPLES = 100


def set_teacher_logits(doc: Doc, labels: Sequence[str], logits: Sequence[float]) -> None:
    """Let a reference document carry its teacher's scores.

    doc (Doc): The document.
    labels (Sequence[str]): The teacher's labels.
    logits (Sequence[float]): Its logits, in the same order.
    """
    doc.user_data[TEACHER_LOGITS] = dict(zip(labels, map(float, logits)))


def get_teacher_logits(doc: Doc) -> dict[str, float] | None:
    """Get the teacher's scores that a reference document carries.

    doc (Doc): The document.
    RETURNS (dict[str, float] | None): A logit for each label, or None.
    """
    return doc.user_data.get(TEACHER_LOGITS)


class DistillMixin:
    """What makes a student of a text categorizer.

    An example whose reference carries teacher logits is learned through the configured loss; one
    that carries none is learned from its gold labels, exactly as spaCy does it.
    """

    loss: SoftLoss
    model: Model
    name: str
    labels: tuple[str, ...]

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Language | None = None,
        labels: Iterable[str] | None = None,
        **kwargs: Any,
    ) -> None:
        """Initialize the component, as spaCy's does, and check that it can learn from the teacher.

        get_examples (Callable): Returns a representative sample of examples.
        nlp (Language | None): The pipeline.
        labels (Iterable[str] | None): The labels, in order.
        RAISES (ValueError): The labels differ from the teacher's, or the model has no head that
            gives probabilities.
        """
        super().initialize(get_examples, nlp=nlp, labels=labels, **kwargs)  # type: ignore[misc]
        find_head(self.model)
        for eg in islice(get_examples(), CHECKED_EXAMPLES):
            logits = get_teacher_logits(eg.reference)
            if logits is not None and set(logits) != set(self.labels):
                raise ValueError(
                    f"Can't distil into '{self.name}': the teacher scores the labels "
                    f"{', '.join(sorted(logits))}, the student has {', '.join(sorted(self.labels))}."
                    " Expected the same labels. Score the texts with a teacher for these labels."
                )

    def get_teacher_student_loss(
        self, teacher_scores: Floats2d, student_scores: Floats2d
    ) -> tuple[float, Floats2d]:
        """Compare the student with its teacher (spaCy 4's name and order of results).

        teacher_scores (Floats2d): Teacher logits. Shape: (batch, labels), labels in this
            component's order.
        student_scores (Floats2d): What the student's model gave: probabilities. Same shape.
        RETURNS (tuple[float, Floats2d]): Mean loss of a document; the gradient to hand to the
            model's backprop callback, same shape.
        """
        head = find_head(self.model)
        result = self.loss(
            teacher_scores, to_logits(head, student_scores), exclusive=head.exclusive
        )
        return result.loss, to_output_gradient(head, result.grad, student_scores)

    def get_loss(self, examples: Iterable[Example], scores: Floats2d) -> tuple[float, Floats2d]:
        """Find the loss of a batch: from the teacher's scores where an example carries them, from
        its gold labels where not.

        examples (Iterable[Example]): The batch.
        scores (Floats2d): The model's output for it. Shape: (batch, labels).
        RETURNS (tuple[float, Floats2d]): The loss; gradient for the model's output. The loss is the
            configured one, mean over documents; where gold labels are learned, spaCy's mean squared
            error; of a batch of both, the mean weighted by their numbers.
        """
        examples = list(examples)
        validate_examples(examples, "DistillMixin.get_loss")
        logits = [get_teacher_logits(eg.reference) for eg in examples]
        taught = [i for i, row in enumerate(logits) if row is not None]
        if not taught:
            return super().get_loss(examples, scores)  # type: ignore[misc]
        targets = self.model.ops.asarray2f(
            numpy.array([[logits[i][label] for label in self.labels] for i in taught], dtype="f")  # type: ignore[index]
        )
        if len(taught) == len(examples):
            return self.get_teacher_student_loss(targets, scores)
        untaught = [i for i, row in enumerate(logits) if row is None]
        soft_loss, d_taught = self.get_teacher_student_loss(targets, scores[taught])
        gold_loss, d_untaught = super().get_loss(  # type: ignore[misc]
            [examples[i] for i in untaught], scores[untaught]
        )
        d_scores = self.model.ops.alloc2f(*scores.shape)
        d_scores[taught], d_scores[untaught] = d_taught, d_untaught
        loss = (soft_loss * len(taught) + gold_loss * len(untaught)) / len(examples)
        return loss, d_scores


class DistilledTextCategorizer(DistillMixin, TextCategorizer):
    """A text categorizer for exclusive labels that learns from a teacher's scores."""

    def __init__(
        self, vocab: Vocab, model: Model, name: str, *, loss: SoftLoss, **kwargs: Any
    ) -> None:
        super().__init__(vocab, model, name, **kwargs)
        self.loss = loss


class DistilledMultiLabelTextCategorizer(DistillMixin, MultiLabel_TextCategorizer):
    """A text categorizer for labels that don't exclude each other and learns from a teacher."""

    def __init__(
        self, vocab: Vocab, model: Model, name: str, *, loss: SoftLoss, **kwargs: Any
    ) -> None:
        super().__init__(vocab, model, name, **kwargs)
        self.loss = loss


DEFAULT_LOSS = {"@losses": "distill.soft_cross_entropy.v1", "temperature": 1.0}


@Language.factory(
    "textcat_distill",
    assigns=["doc.cats"],
    default_config={
        "threshold": 0.0,
        "model": DEFAULT_SINGLE_TEXTCAT_MODEL,
        "scorer": {"@scorers": "spacy.textcat_scorer.v2"},
        "loss": DEFAULT_LOSS,
    },
    default_score_weights={"cats_micro_f": 1.0},
)
def make_textcat_distill(
    nlp: Language,
    name: str,
    model: Model[list[Doc], Floats2d],
    threshold: float,
    scorer: Callable | None,
    loss: SoftLoss,
) -> DistilledTextCategorizer:
    """Make a student for exclusive labels.

    nlp (Language): The pipeline.
    name (str): The component's name.
    model (Model[list[Doc], Floats2d]): Any of spaCy's text classification models.
    threshold (float): Unused, as in spaCy's textcat.
    scorer (Callable | None): The scoring method.
    loss (SoftLoss): The loss between teacher and student.
    """
    return DistilledTextCategorizer(
        nlp.vocab, model, name, threshold=threshold, scorer=scorer, loss=loss
    )


@Language.factory(
    "textcat_multilabel_distill",
    assigns=["doc.cats"],
    default_config={
        "threshold": 0.5,
        "model": DEFAULT_MULTI_TEXTCAT_MODEL,
        "scorer": {"@scorers": "spacy.textcat_multilabel_scorer.v2"},
        "loss": DEFAULT_LOSS,
    },
    default_score_weights={"cats_micro_f": 1.0},
)
def make_textcat_multilabel_distill(
    nlp: Language,
    name: str,
    model: Model[list[Doc], Floats2d],
    threshold: float,
    scorer: Callable | None,
    loss: SoftLoss,
) -> DistilledMultiLabelTextCategorizer:
    """Make a student for labels that don't exclude each other.

    nlp (Language): The pipeline.
    name (str): The component's name.
    model (Model[list[Doc], Floats2d]): Any of spaCy's text classification models.
    threshold (float): Probability from which a label counts as given.
    scorer (Callable | None): The scoring method.
    loss (SoftLoss): The loss between teacher and student.
    """
    return DistilledMultiLabelTextCategorizer(
        nlp.vocab, model, name, threshold=threshold, scorer=scorer, loss=loss
    )
