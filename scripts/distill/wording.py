"""Figures in words: how a report writes shares, differences and lists."""

from collections.abc import Sequence
from typing import Any

MINUS = "\N{MINUS SIGN}"


def percent(share: float) -> str:
    """Write a share from 0 to 1, such as "81.5%"."""
    return f"{share:.1%}"


def points(difference: float) -> str:
    """Write a difference of shares in points, with its sign, such as "+3.2"; nothing has none."""
    rounded = round(100 * difference, 1)
    if not rounded:
        return "0.0"
    return f"{'+' if rounded > 0 else MINUS}{abs(rounded):.1f}"


def times(factor: float) -> str:
    """Write how many times as much: "40", or "2.4" below ten."""
    return f"{factor:,.0f}" if factor >= 10 else f"{factor:.1f}"


def join_words(words: Sequence[object]) -> str:
    """Join words by commas, and the last by "and"."""
    *most, last = map(str, words)
    return f"{', '.join(most)} and {last}" if most else last


def is_clear(comparison: dict[str, Any]) -> bool:
    """Tell whether the interval of a difference leaves out 0: an entry of `comparisons`."""
    low, high = comparison["ci95"]
    return not low <= 0 <= high


def describe_difference(comparison: dict[str, Any], texts: int, subject: str = "it") -> str:
    """Say how a model compares with another.

    comparison (dict[str, Any]): An entry of `comparisons`.
    texts (int): How many texts both were measured on.
    subject (str): What the first of the two is called.
    RETURNS (str): Such as "it is worse by 3.2 points (95% interval ...)".
    """
    delta, (low, high) = comparison["delta_accuracy"], comparison["ci95"]
    interval = f"95% interval {points(low)} to {points(high)}"
    if not is_clear(comparison):
        shown = f"{points(delta)} points, {interval}"
        return f"no difference that {texts:,} texts could show ({shown})"
    verb = "better" if delta > 0 else "worse"
    return f"{subject} is {verb} by {abs(100 * delta):.1f} points ({interval})"


def find_comparison(metrics: dict[str, Any], a: str, b: str) -> dict[str, Any] | None:
    """Look up how a model compares with another.

    metrics (dict[str, Any]): The content of metrics.json.
    a (str): Name of the one.
    b (str): Name of the other.
    RETURNS (dict[str, Any] | None): The entry of `comparisons`; None where they weren't compared.
    """
    pairs = {(entry["a"], entry["b"]): entry for entry in metrics["comparisons"]}
    return pairs.get((a, b))


def count_cores(metrics: dict[str, Any]) -> str:
    """Say on how many cores the models were timed, such as "one core"."""
    cores = metrics["data"]["machine"]["threads_measured"]
    return "one core" if cores == 1 else f"{cores} cores"
