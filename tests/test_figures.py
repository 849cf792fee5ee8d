"""Entries of metrics.json: figures over seeds, and cost that adds up."""

from typing import Any

import numpy
import pytest

from scripts.distill.figures import HeldOut, add_costs, describe_quality, describe_spread

GOLD = numpy.array([[1, 0], [0, 1], [1, 0], [0, 1]])
RIGHT = numpy.array([[0.8, 0.2], [0.2, 0.8], [0.8, 0.2], [0.2, 0.8]])
HALF = numpy.array([[0.8, 0.2], [0.8, 0.2], [0.7, 0.3], [0.7, 0.3]])
TEST = HeldOut(["a", "b", "c", "d"], GOLD, ["1", "5"], True, stars=False)


def test_one_seed() -> None:
    found = describe_quality(TEST, [RIGHT], RIGHT, [3])
    assert found["accuracy"] == 1
    assert found["seeds"] == [3]
    assert found["over_seeds"] is None
    assert found["mae"] is None


def test_several_seeds() -> None:
    found = describe_quality(TEST._replace(stars=True), [HALF, RIGHT], RIGHT, [0, 1])
    # The first one's figures, and all of them where they may differ.
    assert (found["accuracy"], found["mae"]) == (0.5, 2)
    assert found["seeds"] == [0, 1]
    assert set(found["over_seeds"]) == {"accuracy", "macro_f1", "ece"}
    accuracy = found["over_seeds"]["accuracy"]
    assert accuracy["values"] == [0.5, 1]
    assert accuracy["mean"] == 0.75
    assert accuracy["sd"] == pytest.approx(0.5 / numpy.sqrt(2))


def test_deviation_is_that_of_a_sample() -> None:
    assert describe_spread([1.0, 2.0, 3.0]) == {"mean": 2.0, "sd": 1.0, "values": [1.0, 2.0, 3.0]}


def test_costs_add_up() -> None:
    costs: list[dict[str, Any]] = [
        {
            "words_per_second": 30.0,
            "times_teacher": 3.0,
            "latency_ms": {"p50": 1.0, "p99": 4.0},
            "size_mb": 2.0,
            "load_seconds": 1.0,
        },
        {
            "words_per_second": 60.0,
            "times_teacher": 6.0,
            "latency_ms": {"p50": 2.0, "p99": 9.0},
            "size_mb": 3.0,
            "load_seconds": None,
        },
    ]
    # A word takes 1/30 s and then 1/60 s.
    found = add_costs(costs)
    assert found["words_per_second"] == pytest.approx(20)
    assert found["times_teacher"] == pytest.approx(2)
    assert found["size_mb"] == 5
    assert found["load_seconds"] is None
    # Percentiles don't add up.
    assert found["latency_ms"] == {"p50": None, "p99": None}
