import pytest

from scripts.distill.settings import check_least, check_share


@pytest.mark.parametrize("value", [0, -0.1, 1.5, float("nan")])
def test_refuses_what_is_no_probability(value: float) -> None:
    with pytest.raises(ValueError, match=f"probability = {value} in distill.x.v1. Expected a prob"):
        check_share("probability", value, "distill.x.v1")


def test_refuses_what_is_too_small() -> None:
    with pytest.raises(ValueError, match=r"size = 1 in distill\.x\.v1\. Expected 2 or more"):
        check_least("size", 1, 2, "distill.x.v1")


def test_takes_bounds() -> None:
    check_share("probability", 1, "distill.x.v1")
    check_least("size", 2, 2, "distill.x.v1")
