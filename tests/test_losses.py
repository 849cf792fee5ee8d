"""Losses are checked against torch and by finite differences."""

import numpy
import pytest
import torch
from spacy.util import registry

from scripts.distill.losses import SoftLoss, make_soft_cross_entropy

RNG = numpy.random.default_rng(0)
TEACHER = RNG.normal(size=(5, 4)) * 3
STUDENT = RNG.normal(size=(5, 4)) * 3
TEMPERATURES = [0.5, 1.0, 4.0]


def expected(temperature: float, exclusive: bool) -> "tuple[float, numpy.ndarray]":
    """The same loss in torch: the mean for the loss, the gradient of the sum."""
    teacher = torch.tensor(TEACHER) / temperature
    student = torch.tensor(STUDENT, requires_grad=True)
    scaled = student / temperature
    if exclusive:
        loss = torch.nn.functional.cross_entropy(scaled, teacher.softmax(1), reduction="sum")
    else:
        loss = torch.nn.functional.binary_cross_entropy_with_logits(
            scaled, teacher.sigmoid(), reduction="sum"
        )
    loss = loss * temperature**2
    loss.backward()
    assert student.grad is not None
    return float(loss.detach()) / len(TEACHER), student.grad.numpy()


@pytest.mark.parametrize("exclusive", [True, False])
@pytest.mark.parametrize("temperature", TEMPERATURES)
def test_soft_cross_entropy_equals_torch(temperature: float, exclusive: bool) -> None:
    result = make_soft_cross_entropy(temperature)(TEACHER, STUDENT, exclusive=exclusive)
    loss, grad = expected(temperature, exclusive)
    assert result.loss == pytest.approx(loss, rel=1e-6)
    numpy.testing.assert_allclose(result.grad, grad, atol=1e-6)


@pytest.mark.parametrize("exclusive", [True, False])
@pytest.mark.parametrize("temperature", TEMPERATURES)
def test_gradient_equals_finite_differences(temperature: float, exclusive: bool) -> None:
    loss = make_soft_cross_entropy(temperature)
    grad, step = loss(TEACHER, STUDENT, exclusive=exclusive).grad, 1e-5
    for index in numpy.ndindex(*STUDENT.shape):
        up, down = STUDENT.copy(), STUDENT.copy()
        up[index] += step
        down[index] -= step
        rise = (
            loss(TEACHER, up, exclusive=exclusive).loss
            - loss(TEACHER, down, exclusive=exclusive).loss
        )
        assert len(TEACHER) * rise / (2 * step) == pytest.approx(grad[index], abs=1e-5)


@pytest.mark.parametrize("exclusive", [True, False])
def test_gradient_is_zero_where_student_equals_teacher(exclusive: bool) -> None:
    grad = make_soft_cross_entropy(2.0)(TEACHER, TEACHER, exclusive=exclusive).grad
    numpy.testing.assert_allclose(grad, 0, atol=1e-12)


def test_exclusive_loss_does_not_see_a_shift_of_logits() -> None:
    loss = make_soft_cross_entropy()
    shifted = loss(TEACHER + 5, STUDENT - 3, exclusive=True)
    assert shifted.loss == pytest.approx(loss(TEACHER, STUDENT, exclusive=True).loss)


@pytest.mark.parametrize("exclusive", [True, False])
def test_extreme_logits_stay_finite(exclusive: bool) -> None:
    teacher = numpy.array([[1000.0, -1000.0]])
    result = make_soft_cross_entropy()(teacher, -teacher, exclusive=exclusive)
    assert numpy.isfinite(result.loss)
    assert numpy.isfinite(result.grad).all()


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan")])
def test_bad_temperature_is_refused(temperature: float) -> None:
    with pytest.raises(ValueError, match="above 0"):
        make_soft_cross_entropy(temperature)


@pytest.mark.parametrize(
    ("teacher", "message"),
    [(TEACHER[:3], "equal shapes"), (numpy.full_like(TEACHER, numpy.nan), "not finite")],
)
def test_bad_scores_are_refused(teacher: numpy.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make_soft_cross_entropy()(teacher, STUDENT, exclusive=True)


def test_loss_is_registered() -> None:
    loss: SoftLoss = registry.losses.get("distill.soft_cross_entropy.v1")(temperature=2.0)
    assert loss(TEACHER, STUDENT, exclusive=True).loss > 0
