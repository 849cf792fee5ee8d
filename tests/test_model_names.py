"""Names of models, and what they tell."""

import pytest

from scripts.distill.model_names import (
    BASELINE,
    MEAN,
    STUDENT,
    TEACHER,
    TFIDF,
    get_architecture,
    is_baseline,
    is_student,
    name_model,
    twin_of,
)


def test_students_and_their_twins() -> None:
    student = name_model(STUDENT, "bow_logits")
    assert student == "student_bow_logits"
    assert twin_of(student) == name_model(BASELINE, "bow_logits") == "baseline_bow_logits"
    assert is_student(student) and not is_baseline(student)
    assert is_baseline(twin_of(student)) and not is_student(twin_of(student))
    assert get_architecture(student) == get_architecture(twin_of(student)) == "bow_logits"


@pytest.mark.parametrize("name", [TEACHER, MEAN, TFIDF])
def test_others_are_neither(name: str) -> None:
    assert not is_student(name)
    assert not is_baseline(name)
    assert get_architecture(name) == name
