"""Texts of the report: what a student said of them, and which words made it say so."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from .examples import count_left_out
from .metrics import THRESHOLD
from .wording import join_words, percent, points

# Words that count for less than this share of what the strongest word does aren't marked.
LEAST_STRENGTH = 0.2
# Nor is any word, where leaving out the strongest changes this little.
LEAST_WEIGHT = 0.01
# How many words are named under a text.
NAMED_WORDS = 4
# Longer texts are scrolled within their frame.
LONG_TEXT = 120


class Word(NamedTuple):
    """A word of a text: what follows it, whether it speaks for the label chosen ("pro"), against it
    ("contra") or neither (""), how strongly (0 to 1), and its weight in points.
    """

    text: str
    whitespace: str
    tone: str
    strength: float
    weight: str


class Verdict(NamedTuple):
    """Who says it, and what is said."""

    who: str
    said: str


class View(NamedTuple):
    """A text as the page shows it. words_for and words_against are the strongest, in words."""

    words: list[Word]
    verdicts: list[Verdict]
    words_for: str
    words_against: str
    is_long: bool


def view_examples(metrics: dict[str, Any], kind: str) -> list[View]:
    """Prepare texts for the page.

    metrics (dict[str, Any]): The content of metrics.json.
    kind (str): "errors" or "disagreements".
    RETURNS (list[View]): The texts; none where there are none in metrics.json.
    """
    if "examples" not in metrics:
        return []
    exclusive = metrics["data"]["exclusive"]
    return [view_example(example, exclusive) for example in metrics["examples"][kind]]


def view_example(example: Mapping[str, Any], exclusive: bool) -> View:
    """Prepare a text for the page.

    example (Mapping[str, Any]): An entry of `errors` or `disagreements`.
    exclusive (bool): Whether labels exclude each other.
    RETURNS (View): The text.
    """
    gold = example["gold"]
    verdicts = [Verdict("gold", join_words(gold) if gold else "no label")]
    for who in ("student", "teacher"):
        verdicts.append(Verdict(who, describe_scores(example[who], gold, exclusive)))
    words = mark_words(example["words"])
    return View(
        words,
        verdicts,
        _name_words(words, "pro"),
        _name_words(words, "contra"),
        len(words) > LONG_TEXT,
    )


def describe_scores(scores: Mapping[str, float], gold: Sequence[str], exclusive: bool) -> str:
    """Say what a model makes of a text: the labels it gives, and what it thinks of the right ones.

    scores (Mapping[str, float]): Probability by label.
    gold (Sequence[str]): The right labels.
    exclusive (bool): Whether labels exclude each other.
    RETURNS (str): Such as "negative 97.1% (positive 2.9%)".
    """
    order = sorted(scores, key=lambda label: -scores[label])
    chosen = order[:1] if exclusive else [label for label in order if scores[label] >= THRESHOLD]
    missed = [label for label in gold if label not in chosen]

    def write(labels: Sequence[str]) -> str:
        return ", ".join(f"{label} {percent(scores[label])}" for label in labels)

    said = write(chosen) or "no label"
    return f"{said} ({write(missed)})" if missed else said


def mark_words(words: Sequence[Mapping[str, Any]]) -> list[Word]:
    """Tell which words made a student choose its label.

    words (Sequence[Mapping[str, Any]]): Words with their weights, as in metrics.json.
    RETURNS (list[Word]): One for each.
    """
    strongest = max((abs(word["weight"]) for word in words), default=0.0)
    marked = []
    for word in words:
        weight = word["weight"]
        strength = abs(weight) / strongest if strongest >= LEAST_WEIGHT else 0.0
        tone = "" if strength < LEAST_STRENGTH else "pro" if weight > 0 else "contra"
        space = " " if word["whitespace"] else ""
        marked.append(Word(word["text"], space, tone, round(strength, 2), points(weight)))
    return marked


def _name_words(words: Sequence[Word], tone: str) -> str:
    size = count_left_out(len(words))
    parts = [words[start : start + size] for start in range(0, len(words), size)]
    strongest = sorted((p for p in parts if p[0].tone == tone), key=lambda part: -part[0].strength)
    named = dict.fromkeys(f"{_join(part)} ({part[0].weight})" for part in strongest)
    return ", ".join(list(named)[:NAMED_WORDS])


def _join(words: Sequence[Word]) -> str:
    return "".join(word.text + word.whitespace for word in words).strip()
