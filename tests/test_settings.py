from collections.abc import Callable

import pytest

from scripts.distill.settings import check_least, check_share


def takes(check: Callable[..., None], *arguments: object) -> bool:
    try:
        check(*arguments)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("value", [0, -0.1, 1.5, float("nan")])
def test_refuses_what_is_no_probability(value: float) -> None:
    with pytest.raises(ValueError, match=f"probability = {value} in distill.x.v1. Expected a prob"):
        check_share("probability", value, "distill.x.v1")


def test_refuses_what_is_too_small() -> None:
    with pytest.raises(ValueError, match=r"size = 1 in distill\.x\.v1\. Expected 2 or more"):
        check_least("size", 1, 2, "distill.x.v1")


@pytest.mark.parametrize(("value", "taken"), [(1, True), (1e-9, True), (0, False), (1.001, False)])
def test_bounds_of_probabilities(value: float, taken: bool) -> None:
    assert takes(check_share, "probability", value, "distill.x.v1") is taken


@pytest.mark.parametrize(("value", "taken"), [(2, True), (3, True), (1, False)])
def test_bounds_of_sizes(value: int, taken: bool) -> None:
    assert takes(check_least, "size", value, 2, "distill.x.v1") is taken
