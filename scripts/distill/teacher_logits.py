"""Where a reference document carries its teacher's scores."""

from collections.abc import Sequence

from spacy.tokens import Doc

# The key in a reference document's user_data; user_data survives DocBin.
TEACHER_LOGITS = "teacher_logits"


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
