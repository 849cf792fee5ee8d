"""Text categorizers that learn from a teacher's scores. They differ from spaCy's in loss alone."""

import math
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
from thinc.api import Model, Optimizer, set_dropout_rate
from thinc.types import Floats2d

from .errors import SettingError
from .heads import find_head, to_logits, to_output_gradient
from .live_teachers import as_teacher
from .losses import DistillLoss
from .teacher_logits import get_teacher_logits

# How many examples are looked at before training starts.
CHECKED_EXAMPLES = 100


def _kind(exclusive: bool) -> str:
    return "exclude each other" if exclusive else "don't exclude each other"


class DistillMixin:
    """What makes a student of a text categorizer.

    An example whose reference carries teacher logits is learned through the configured loss; one
    that carries none is learned from its gold labels, exactly as spaCy does it.
    """

    # The kind of labels: those that exclude each other, or those that don't.
    exclusive: bool
    model: Model
    name: str
    labels: tuple[str, ...]
    _examples_to_truth: Callable[[Sequence[Example]], tuple[Floats2d, Floats2d]]
    _validate_categories: Callable[[Iterable[Example]], None]
    finish_update: Callable[[Optimizer], None]
    # How many batches have been learned from: where a loss that changes during training stands. It
    # isn't saved: such a loss starts anew where training is resumed.
    step: int = 0

    def __init__(
        self, vocab: Vocab, model: Model, name: str, *, loss: DistillLoss, **kwargs: Any
    ) -> None:
        super().__init__(vocab, model, name, **kwargs)  # type: ignore[call-arg]
        self.loss = loss

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
            gives probabilities, or one for labels of the other kind.
        """
        super().initialize(get_examples, nlp=nlp, labels=labels, **kwargs)  # type: ignore[misc]
        head = find_head(self.model)
        if head.exclusive is not self.exclusive:
            raise SettingError(
                f"Can't distil into '{self.name}': its factory is for labels that "
                f"{_kind(self.exclusive)}, its model for those that {_kind(head.exclusive)} (the last "
                f"layer is '{head.value}'). Set exclusive_classes = {str(self.exclusive).lower()} in "
                "the model, or use the other factory."
            )
        for eg in islice(get_examples(), CHECKED_EXAMPLES):
            self._check_logits(eg.reference)
        self.step = 0

    def _check_logits(self, doc: Doc) -> None:
        logits = get_teacher_logits(doc)
        if logits is None:
            return
        if set(logits) != set(self.labels):
            raise SettingError(
                f"Can't distil into '{self.name}': the teacher scores the labels "
                f"{', '.join(sorted(logits))}, the student has {', '.join(sorted(self.labels))}."
                " Expected the same labels. Score the texts with a teacher for these labels."
            )
        for label, logit in logits.items():
            if not math.isfinite(logit):
                raise SettingError(
                    f"Can't distil into '{self.name}': the teacher's logit of '{label}' is {logit} "
                    f"for the text '{doc.text[:60]}'. Expected a finite number. Score it again."
                )

    @property
    def is_distillable(self) -> bool:
        """Whether a teacher can teach this component (spaCy 4's name)."""
        return True

    def get_teacher_student_loss(
        self, teacher_scores: Floats2d, student_scores: Floats2d
    ) -> tuple[float, Floats2d]:
        """Compare the student with its teacher (spaCy 4's name and order of results).

        teacher_scores (Floats2d): Teacher *logits*, not what a text categorizer's `predict` gives.
            Shape: (batch, labels), labels in this component's order.
        student_scores (Floats2d): What the student's model gave: probabilities. Same shape.
        RETURNS (tuple[float, Floats2d]): Mean loss of a document; the gradient to hand to the
            model's backprop callback, same shape.
        """
        return self._compare(teacher_scores, student_scores, None)

    def _compare(
        self, teacher_scores: Floats2d, student_scores: Floats2d, gold_scores: Floats2d | None
    ) -> tuple[float, Floats2d]:
        head = find_head(self.model)
        result = self.loss(
            teacher_scores,
            to_logits(head, student_scores),
            exclusive=head.exclusive,
            gold_scores=gold_scores,
            step=self.step,
        )
        return result.loss, to_output_gradient(head, result.grad, student_scores)

    def distill(
        self,
        teacher_pipe: Any,
        examples: Iterable[Example],
        *,
        drop: float = 0.0,
        sgd: Optimizer | None = None,
        losses: dict[str, float] | None = None,
    ) -> dict[str, float]:
        """Learn from a live teacher (spaCy 4's name and arguments).

        teacher_pipe (Any): What scores texts: see `live_teachers.as_teacher`.
        examples (Iterable[Example]): The batch: the teacher reads the references, the student the
            predicted documents. Gold labels that references carry go to a loss that has use for them.
        drop (float): The dropout rate.
        sgd (Optimizer | None): The optimizer. None leaves the weights as they are.
        losses (dict[str, float] | None): Where the loss is added under the component's name.
        RETURNS (dict[str, float]): The losses.
        RAISES (TypeError): The teacher is nothing that gives scores.
        RAISES (ValueError): It scores other labels than the student's, or no finite numbers.
        """
        examples = list(examples)
        validate_examples(examples, "DistillMixin.distill")
        self._validate_categories(examples)
        losses = {} if losses is None else losses
        losses.setdefault(self.name, 0.0)
        if not any(len(eg.predicted) for eg in examples):
            return losses
        teacher = as_teacher(teacher_pipe, self.labels, exclusive=self.exclusive)
        teacher_scores = self.model.ops.asarray2f(
            teacher([eg.reference for eg in examples]).astype("f")
        )
        set_dropout_rate(self.model, drop)
        student_scores, backprop = self.model.begin_update([eg.predicted for eg in examples])
        loss, d_scores = self._compare(teacher_scores, student_scores, self._get_gold(examples))
        backprop(d_scores)
        if sgd is not None:
            self.finish_update(sgd)
        self.step += 1
        losses[self.name] += loss
        return losses

    def update(self, examples: Iterable[Example], **kwargs: Any) -> dict[str, float]:
        """Learn from a batch, as spaCy's components do, and count it.

        examples (Iterable[Example]): The batch.
        **kwargs (Any): drop, sgd and losses, as in spaCy.
        RETURNS (dict[str, float]): The losses.
        """
        examples = list(examples)
        losses = super().update(examples, **kwargs)  # type: ignore[misc]
        if any(len(eg.predicted) for eg in examples):  # else there was nothing to learn from
            self.step += 1
        return losses

    def _get_gold(self, examples: Sequence[Example]) -> Floats2d:
        """Gold labels of a batch: NaN where one isn't known. Shape: (batch, labels)."""
        truths, known = self._examples_to_truth(examples)  # spaCy's own reading of cats
        # It takes a document without any for one that has none of the labels: here nothing is known.
        any_gold = numpy.array([[bool(eg.reference.cats)] for eg in examples])
        gold = numpy.where(known * any_gold, self.model.ops.to_numpy(truths), numpy.nan)
        return self.model.ops.asarray2f(gold.astype("f"))

    def get_loss(self, examples: Iterable[Example], scores: Floats2d) -> tuple[float, Floats2d]:
        """Find the loss of a batch: from the teacher's scores where an example carries them, from
        its gold labels where not.

        examples (Iterable[Example]): The batch.
        scores (Floats2d): The model's output for it. Shape: (batch, labels).
        RETURNS (tuple[float, Floats2d]): The loss; gradient for the model's output. The loss is the
            configured one, mean over documents; where gold labels alone are learned, spaCy's mean
            squared error; of a batch of both, the mean weighted by their numbers.
        """
        examples = list(examples)
        validate_examples(examples, "DistillMixin.get_loss")
        taught = [i for i, eg in enumerate(examples) if get_teacher_logits(eg.reference)]
        if not taught:
            return super().get_loss(examples, scores)  # type: ignore[misc]
        untaught = sorted(set(range(len(examples))) - set(taught))
        soft_loss, d_taught = self._compare(
            self._get_targets([examples[i] for i in taught]),
            scores[taught],
            self._get_gold([examples[i] for i in taught]),
        )
        if not untaught:
            return soft_loss, d_taught
        gold_loss, d_untaught = super().get_loss(  # type: ignore[misc]
            [examples[i] for i in untaught], scores[untaught]
        )
        d_scores = self.model.ops.alloc2f(*scores.shape)
        d_scores[taught], d_scores[untaught] = d_taught, d_untaught
        loss = (soft_loss * len(taught) + gold_loss * len(untaught)) / len(examples)
        return loss, d_scores

    def _get_targets(self, examples: Sequence[Example]) -> Floats2d:
        for eg in examples:
            self._check_logits(eg.reference)
        rows = [get_teacher_logits(eg.reference) or {} for eg in examples]
        targets = numpy.array([[row[label] for label in self.labels] for row in rows], dtype="f")
        return self.model.ops.asarray2f(targets)


class DistilledTextCategorizer(DistillMixin, TextCategorizer):
    """A text categorizer for exclusive labels that learns from a teacher's scores."""

    exclusive = True


class DistilledMultiLabelTextCategorizer(DistillMixin, MultiLabel_TextCategorizer):
    """A text categorizer for labels that don't exclude each other and learns from a teacher."""

    exclusive = False


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
    loss: DistillLoss,
) -> DistilledTextCategorizer:
    """Make a student for exclusive labels.

    nlp (Language): The pipeline.
    name (str): The component's name.
    model (Model[list[Doc], Floats2d]): Any of spaCy's text classification models.
    threshold (float): Unused, as in spaCy's textcat.
    scorer (Callable | None): The scoring method.
    loss (DistillLoss): The loss between teacher and student.
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
    loss: DistillLoss,
) -> DistilledMultiLabelTextCategorizer:
    """Make a student for labels that don't exclude each other.

    nlp (Language): The pipeline.
    name (str): The component's name.
    model (Model[list[Doc], Floats2d]): Any of spaCy's text classification models.
    threshold (float): Probability from which a label counts as given.
    scorer (Callable | None): The scoring method.
    loss (DistillLoss): The loss between teacher and student.
    """
    return DistilledMultiLabelTextCategorizer(
        nlp.vocab, model, name, threshold=threshold, scorer=scorer, loss=loss
    )
