"""Teachers that are no transformers, for tests to name."""

from .conftest import GOOD


def score(texts: list[str]) -> list[dict[str, float]]:
    """Count good words."""
    share = [0.9 if any(word in text for word in GOOD) else 0.2 for text in texts]
    return [{"positive": p, "negative": 1 - p} for p in share]


def score_too_few(texts: list[str]) -> list[dict[str, float]]:
    return score(texts)[1:]


def score_other_labels(texts: list[str]) -> list[dict[str, float]]:
    return [{"positive": 1.0, "neutral": 0.0} for _ in texts]


def score_out_of_range(texts: list[str]) -> list[dict[str, float]]:
    return [{"positive": 1.5, "negative": -0.5} for _ in texts]


def score_nan(texts: list[str]) -> list[dict[str, float]]:
    return [{"positive": float("nan"), "negative": 0.5} for _ in texts]


NUMBER = 3
