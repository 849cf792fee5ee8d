"""Losses are checked against torch and by finite differences."""

from collections.abc import Callable
from typing import Any

import numpy
import pytest
import torch
from spacy.util import registry
from torch.nn import functional

from scripts.distill.losses import (
    DistillLoss,
    cross_entropy,
    make_blend,
    make_kl_divergence,
    make_mse_logits,
    make_soft_cross_entropy,
)

RNG = numpy.random.default_rng(0)
TEACHER = RNG.normal(size=(5, 4)) * 3
STUDENT = RNG.normal(size=(5, 4)) * 3
# Of the last document nothing is known; of the first, where labels don't exclude each other, one
# label isn't.
GOLD = numpy.eye(4)[[0, 2, 1, 3, 0]]
GOLD[4] = numpy.nan
Tensor = torch.Tensor
TorchLoss = Callable[[Tensor, Tensor, bool], Tensor]


def torch_cross_entropy(teacher: Tensor, student: Tensor, exclusive: bool, t: float) -> Tensor:
    if exclusive:
        loss = functional.cross_entropy(student / t, (teacher / t).softmax(1), reduction="sum")
    else:
        loss = functional.binary_cross_entropy_with_logits(
            student / t, (teacher / t).sigmoid(), reduction="sum"
        )
    return loss * t**2


def torch_kl(teacher: Tensor, student: Tensor, exclusive: bool, t: float) -> Tensor:
    if exclusive:
        log_student, target = (student / t).log_softmax(1), (teacher / t).softmax(1)
        return functional.kl_div(log_student, target, reduction="sum") * t**2
    # Each label is a distribution of two: yes and no.
    both = [torch.stack([scores / t, -scores / t], -1) for scores in (student, teacher)]
    log_student, log_teacher = (functional.logsigmoid(scores) for scores in both)
    loss = functional.kl_div(log_student, log_teacher, reduction="sum", log_target=True)
    return loss * t**2


def torch_mse(teacher: Tensor, student: Tensor, exclusive: bool) -> Tensor:
    if exclusive:
        teacher = teacher - teacher.mean(1, keepdim=True)
        student = student - student.mean(1, keepdim=True)
    return functional.mse_loss(student, teacher, reduction="sum") / student.shape[1]


def torch_blend(teacher: Tensor, student: Tensor, exclusive: bool) -> Tensor:
    soft, gold = torch_kl(teacher, student, exclusive, 2.0), torch.tensor(get_gold(exclusive))
    if exclusive:
        known = ~gold.isnan().any(1)
        hard = functional.cross_entropy(student[known], gold[known].argmax(1), reduction="sum")
    else:
        known = ~gold.isnan()
        hard = functional.binary_cross_entropy_with_logits(
            student[known], gold[known], reduction="sum"
        )
    return 0.7 * soft + 0.3 * hard


def get_gold(exclusive: bool) -> "numpy.ndarray[Any, Any]":
    gold = GOLD.copy()
    if not exclusive:
        gold[0, 1] = numpy.nan
    return gold


def soft_cross_entropy_at(t: float) -> Any:
    return pytest.param(
        make_soft_cross_entropy(t),
        lambda teacher, student, exclusive: torch_cross_entropy(teacher, student, exclusive, t),
        id=f"soft_cross_entropy-{t}",
    )


def kl_at(t: float) -> Any:
    return pytest.param(
        make_kl_divergence(t),
        lambda teacher, student, exclusive: torch_kl(teacher, student, exclusive, t),
        id=f"kl_divergence-{t}",
    )


LOSSES = [
    soft_cross_entropy_at(0.5),
    soft_cross_entropy_at(1.0),
    soft_cross_entropy_at(4.0),
    kl_at(0.5),
    kl_at(1.0),
    kl_at(4.0),
    pytest.param(make_mse_logits(), torch_mse, id="mse_logits"),
    pytest.param(make_blend(make_kl_divergence(2.0), 0.3), torch_blend, id="blend"),
]


@pytest.mark.parametrize("exclusive", [True, False])
@pytest.mark.parametrize(("loss", "reference"), LOSSES)
def test_loss_equals_torch(loss: DistillLoss, reference: TorchLoss, exclusive: bool) -> None:
    """The value is the mean over documents, the gradient that of the sum."""
    student = torch.tensor(STUDENT, requires_grad=True)
    expected = reference(torch.tensor(TEACHER), student, exclusive)
    expected.backward()
    result = loss(TEACHER, STUDENT, exclusive=exclusive, gold_scores=get_gold(exclusive))
    assert student.grad is not None
    assert result.loss == pytest.approx(expected.item() / len(TEACHER), rel=1e-5)
    numpy.testing.assert_allclose(result.grad, student.grad.numpy(), atol=1e-5)


@pytest.mark.parametrize("exclusive", [True, False])
@pytest.mark.parametrize(("loss", "reference"), LOSSES)
def test_gradient_equals_finite_differences(
    loss: DistillLoss, reference: TorchLoss, exclusive: bool
) -> None:
    gold, step = get_gold(exclusive), 1e-5
    grad = loss(TEACHER, STUDENT, exclusive=exclusive, gold_scores=gold).grad
    for index in numpy.ndindex(*STUDENT.shape):
        up, down = STUDENT.copy(), STUDENT.copy()
        up[index] += step
        down[index] -= step
        rise = (
            loss(TEACHER, up, exclusive=exclusive, gold_scores=gold).loss
            - loss(TEACHER, down, exclusive=exclusive, gold_scores=gold).loss
        )
        assert len(TEACHER) * rise / (2 * step) == pytest.approx(grad[index], abs=1e-5)


SOFT = LOSSES[:-1]


@pytest.mark.parametrize("exclusive", [True, False])
@pytest.mark.parametrize(("loss", "reference"), SOFT)
def test_gradient_is_zero_where_student_equals_teacher(
    loss: DistillLoss, reference: TorchLoss, exclusive: bool
) -> None:
    numpy.testing.assert_allclose(loss(TEACHER, TEACHER, exclusive=exclusive).grad, 0, atol=1e-12)


@pytest.mark.parametrize(("loss", "reference"), SOFT)
def test_exclusive_loss_does_not_see_a_shift_of_logits(
    loss: DistillLoss, reference: TorchLoss
) -> None:
    shifted = loss(TEACHER + 5, STUDENT - 3, exclusive=True)
    unshifted = loss(TEACHER, STUDENT, exclusive=True)
    assert shifted.loss == pytest.approx(unshifted.loss)
    # The rows sum to 0: what every head can pass on.
    numpy.testing.assert_allclose(shifted.grad.sum(axis=1), 0, atol=1e-9)


@pytest.mark.parametrize("exclusive", [True, False])
@pytest.mark.parametrize(("loss", "reference"), LOSSES)
def test_extreme_logits_stay_finite(
    loss: DistillLoss, reference: TorchLoss, exclusive: bool
) -> None:
    teacher = numpy.array([[1000.0, -1000.0]])
    result = loss(teacher, -teacher, exclusive=exclusive, gold_scores=numpy.array([[1.0, 0.0]]))
    assert numpy.isfinite(result.loss)
    assert numpy.isfinite(result.grad).all()


@pytest.mark.parametrize("exclusive", [True, False])
def test_kl_divergence_is_zero_where_student_equals_teacher(exclusive: bool) -> None:
    assert make_kl_divergence()(TEACHER, TEACHER, exclusive=exclusive).loss == pytest.approx(0)


@pytest.mark.parametrize("make", [make_soft_cross_entropy, make_kl_divergence])
@pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan"), float("inf")])
def test_bad_temperature_is_refused(
    make: Callable[[float], DistillLoss], temperature: float
) -> None:
    with pytest.raises(ValueError, match=rf"temperature = {temperature}.*above 0"):
        make(temperature)


@pytest.mark.parametrize(
    ("teacher", "message"),
    [
        (TEACHER[:3], "equal shapes"),
        (numpy.where(TEACHER[2, 1] == TEACHER, numpy.nan, TEACHER), "Score 2 .* document 3 .* nan"),
        (numpy.full_like(TEACHER, -numpy.inf), "Score 1 .* document 1 .* -inf"),
    ],
)
@pytest.mark.parametrize(("loss", "reference"), LOSSES)
def test_bad_scores_are_refused(
    loss: DistillLoss, reference: TorchLoss, teacher: numpy.ndarray, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        loss(teacher, STUDENT, exclusive=True)


@pytest.mark.parametrize("row", [[0, 0, 0, 0], [1, 1, 0, 0], [0, 0.3, 0, 0.3]])
def test_gold_rows_that_are_no_distribution_have_their_true_gradient(row: list[float]) -> None:
    """spaCy allows a document with none of the exclusive labels: nothing is learned from it."""
    gold, student, step = numpy.array([row]), STUDENT[:1], 1e-5
    result = cross_entropy(gold, student, exclusive=True)
    for i in range(4):
        moved = [student + sign * step * numpy.eye(4)[[i]] for sign in (1, -1)]
        up, down = (cross_entropy(gold, scores, exclusive=True).loss for scores in moved)
        assert (up - down) / (2 * step) == pytest.approx(result.grad[0, i], abs=1e-5)
    if not any(row):
        assert result.loss == 0


def test_kl_divergence_is_never_negative() -> None:
    rng = numpy.random.default_rng(2)
    loss = make_kl_divergence()
    for exclusive in (True, False):
        for _ in range(200):
            teacher = rng.normal(size=(8, 3)).astype("f")
            student = teacher + rng.normal(size=(8, 3)).astype("f") * 1e-6
            assert loss(teacher, student, exclusive=exclusive).loss >= 0


def test_blend_between_its_ends() -> None:
    soft = make_soft_cross_entropy()
    result = make_blend(soft, 0.0)(TEACHER, STUDENT, exclusive=True, gold_scores=GOLD)
    assert result.loss == soft(TEACHER, STUDENT, exclusive=True).loss
    result = make_blend(soft, 1.0)(TEACHER, STUDENT, exclusive=True, gold_scores=GOLD)
    gold = cross_entropy(GOLD, STUDENT, exclusive=True)
    assert result.loss == gold.loss
    numpy.testing.assert_array_equal(result.grad, gold.grad)


def test_documents_without_gold_take_part_in_the_soft_term_only() -> None:
    soft = make_soft_cross_entropy()
    blend = make_blend(soft, 0.25)
    result = blend(TEACHER, STUDENT, exclusive=True, gold_scores=GOLD)
    taught = soft(TEACHER, STUDENT, exclusive=True)
    numpy.testing.assert_allclose(result.grad[4], 0.75 * taught.grad[4])
    assert not numpy.allclose(result.grad[0], 0.75 * taught.grad[0])
    without = blend(TEACHER, STUDENT, exclusive=True)
    assert without.loss == pytest.approx(0.75 * taught.loss)


def test_gold_weight_follows_a_schedule() -> None:
    resolved = registry.resolve(
        {
            "loss": {
                "@losses": "distill.blend.v1",
                "soft": {"@losses": "distill.mse_logits.v1"},
                "gold_weight": {
                    "@schedules": "constant_then.v1",
                    "rate": 0.0,
                    "steps": 2,
                    "schedule": {"@schedules": "constant.v1", "rate": 1.0},
                },
            }
        }
    )["loss"]

    def at(step: int) -> float:
        return resolved(TEACHER, STUDENT, exclusive=True, gold_scores=GOLD, step=step).loss

    soft = make_mse_logits()(TEACHER, STUDENT, exclusive=True).loss
    hard = cross_entropy(GOLD, STUDENT, exclusive=True).loss
    # The same step gives the same loss, in whatever order steps are asked for.
    assert [at(step) for step in (2, 0, 1, 7, 0)] == pytest.approx([hard, soft, soft, hard, soft])


def test_schedules_of_thinc_9_are_functions_of_the_step() -> None:
    class Schedule:
        def __call__(self, step: int) -> float:
            return step / 10

        def __iter__(self) -> Any:
            raise TypeError

    loss = make_blend(make_mse_logits(), Schedule())
    at = [loss(TEACHER, STUDENT, exclusive=True, step=step).loss for step in (0, 5, 10)]
    assert at == pytest.approx([at[0], at[0] / 2, 0])


def test_gold_weight_of_a_schedule_that_ends_stays() -> None:
    loss = make_blend(make_mse_logits(), iter([0.0, 0.5]))
    at = [loss(TEACHER, STUDENT, exclusive=True, step=step).loss for step in (0, 1, 9)]
    assert at == pytest.approx([at[0], at[0] / 2, at[0] / 2])


@pytest.mark.parametrize("weight", [-0.1, 1.5, float("nan")])
def test_gold_weight_out_of_range_is_refused(weight: float) -> None:
    with pytest.raises(ValueError, match=rf"gold_weight = {weight}.*from 0 to 1"):
        make_blend(make_mse_logits(), weight)
    loss = make_blend(make_mse_logits(), iter([0.0, weight]))
    with pytest.raises(ValueError, match=rf"gold_weight = {weight} \(batch 2\)"):
        loss(TEACHER, STUDENT, exclusive=True, step=1)


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("soft_cross_entropy", {"temperature": 2.0}),
        ("kl_divergence", {"temperature": 2.0}),
        ("mse_logits", {}),
        ("blend", {"soft": {"@losses": "distill.mse_logits.v1"}, "gold_weight": 0.5}),
    ],
)
def test_losses_are_registered(name: str, settings: dict[str, Any]) -> None:
    config = {"loss": {"@losses": f"distill.{name}.v1", **settings}}
    loss = registry.resolve(config)["loss"]
    assert loss(TEACHER, STUDENT, exclusive=True).loss > 0
