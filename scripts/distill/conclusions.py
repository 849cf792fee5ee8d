"""What to ship and why, in plain words, from metrics.json."""

from typing import Any, NamedTuple

from .model_names import FASTTEXT, MEAN, TEACHER, TFIDF, twin_of
from .wording import (
    count_cores,
    describe_difference,
    find_comparison,
    is_clear,
    join_words,
    percent,
    points,
    times,
)

PEERS = {TFIDF: "TF-IDF with logistic regression", FASTTEXT: "fastText"}
# From which expected calibration error on probabilities are called roughly right, and off.
ROUGH_ECE, BAD_ECE = 0.03, 0.08
# How many times as fast as the teacher a cascade must be to be worth two models.
CASCADE_SPEEDUP = 1.1


class Tile(NamedTuple):
    """A figure to see at first sight: what it is, the figure, and what to compare it with."""

    label: str
    figure: str
    note: str


class Point(NamedTuple):
    """One thing to know: what it is about, and what there is to say."""

    topic: str
    text: str


class Summary(NamedTuple):
    """What a run found out: a headline, a few figures, and the points behind it."""

    headline: str
    tiles: list[Tile]
    points: list[Point]


class Facts(NamedTuple):
    """What the sentences are about. best, teacher and baseline are entries of `models`; name and
    twin are those of best and baseline; texts is the size of test.
    """

    metrics: dict[str, Any]
    name: str
    twin: str
    best: dict[str, Any]
    teacher: dict[str, Any]
    baseline: dict[str, Any]
    texts: int

    def compare(self, other: str) -> dict[str, Any] | None:
        """Look up how the best student compares with another model."""
        return find_comparison(self.metrics, self.name, other)


def gather(metrics: dict[str, Any]) -> Facts:
    """Gather what the sentences are about.

    metrics (dict[str, Any]): The content of metrics.json.
    RETURNS (Facts): The facts.
    """
    models, name = metrics["models"], metrics["data"]["best_student"]
    return Facts(
        metrics,
        name,
        twin_of(name),
        models[name],
        models[TEACHER],
        models[twin_of(name)],
        metrics["data"]["splits"]["test"]["texts"],
    )


def summarize(metrics: dict[str, Any]) -> Summary:
    """Say what to ship and why.

    metrics (dict[str, Any]): The content of metrics.json.
    RETURNS (Summary): Headline, figures and points, those that can be said from these metrics.
    """
    facts = gather(metrics)
    found = {
        "Against its teacher": say_quality(facts),
        "What the teacher brought": say_gain(facts),
        "Against simpler ways": say_peers(facts),
        "Other seeds": say_seeds(facts),
        "Speed": say_speed(facts),
        "Size": say_size(facts),
        "Can its probabilities be believed?": say_calibration(facts),
        "Where accuracy counts more than speed": say_cascade(facts),
        "All students together": say_mean(facts),
    }
    said = [Point(topic, text) for topic, text in found.items() if text]
    return Summary(make_headline(facts), make_tiles(facts), said)


def find_rival(facts: Facts) -> str | None:
    """Find a model without a teacher that is clearly better than the best student on test.

    facts (Facts): The facts.
    RETURNS (str | None): Its name.
    """
    for name in (facts.twin, TFIDF, FASTTEXT):
        comparison = facts.compare(name)
        if comparison and is_clear(comparison) and comparison["delta_accuracy"] < 0:
            return name
    return None


def make_headline(facts: Facts) -> str:
    """Say in one line what to ship.

    facts (Facts): The facts.
    RETURNS (str): The line.
    """
    rival, gain = find_rival(facts), facts.compare(facts.twin)
    if rival:
        return f"Don't ship {facts.name} yet: {rival}, which had no teacher, is better"
    if gain and round(gain["delta_accuracy"], 3) <= 0:
        return (
            f"Ship {facts.name}, but don't say that its teacher helped: {facts.texts:,} texts show "
            "no gain in accuracy"
        )
    parts = [_place(facts)]
    speedup = facts.best["times_teacher"]
    if speedup:
        parts.append(f"{times(speedup)} times as fast")
    line = f"Ship {facts.name}: {', '.join(parts)}"
    if gain and not is_clear(gain):
        line += (
            f"; what its teacher brought ({points(gain['delta_accuracy'])} points) may be chance"
        )
    return line


def _place(facts: Facts) -> str:
    comparison = facts.compare(TEACHER)
    if comparison and not is_clear(comparison):
        return f"as good as its teacher for all that {facts.texts:,} texts can tell"
    gap = facts.best["accuracy"] - facts.teacher["accuracy"]
    return f"{abs(100 * gap):.1f} points {'behind' if gap < 0 else 'ahead of'} its teacher"


def make_tiles(facts: Facts) -> list[Tile]:
    """Choose the figures to see at first sight.

    facts (Facts): The facts.
    RETURNS (list[Tile]): Three to six figures.
    """
    best, teacher, baseline = facts.best, facts.teacher, facts.baseline
    tiles = [
        Tile("accuracy", percent(best["accuracy"]), f"teacher {percent(teacher['accuracy'])}"),
        Tile("without a teacher", percent(baseline["accuracy"]), facts.twin),
        Tile("calibration error", f"{best['ece']:.3f}", f"teacher {teacher['ece']:.3f}"),
    ]
    if best["words_per_second"]:
        speed = teacher["words_per_second"]
        note = f"teacher {speed:,.0f}" if speed else "on one core"
        tiles.append(Tile("words/s", f"{best['words_per_second']:,.0f}", note))
    if best["size_mb"]:
        note = f"teacher {teacher['size_mb']:,.1f}" if teacher["size_mb"] else "on disk"
        tiles.append(Tile("MB", f"{best['size_mb']:,.1f}", note))
    cascade = facts.metrics["cascade"]
    if cascade["share_to_teacher"] and cascade_pays(facts):
        note = f"asks the teacher {percent(cascade['share_to_teacher'])}"
        tiles.append(Tile("accuracy as a cascade", percent(cascade["accuracy"]), note))
    return tiles


def say_quality(facts: Facts) -> str:
    """Say how many texts the best student labels right, and how far it is from its teacher."""
    best, teacher, comparison = facts.best, facts.teacher, facts.compare(TEACHER)
    exclusive, share = facts.metrics["data"]["exclusive"], percent(best["accuracy"])
    text = "It did best on dev, and " + (
        f"labels {share} of {facts.texts:,} test texts right"
        if exclusive
        else f"finds exactly the right labels for {share} of {facts.texts:,} test texts"
    )
    text += f"; its teacher {percent(teacher['accuracy'])}"
    if comparison:
        text += f": {describe_difference(comparison, facts.texts, 'the student')}"
    if not exclusive:
        text += (
            f". The mean F1 of its labels is {percent(best['macro_f1'])}, the teacher's "
            f"{percent(teacher['macro_f1'])}"
        )
    if best["mae"] is not None:
        text += f". It is {best['mae']:.2f} stars off on average, the teacher {teacher['mae']:.2f}"
    return f"{text}."


def say_gain(facts: Facts) -> str:
    """Say how the best student compares with its architecture without a teacher."""
    comparison = facts.compare(facts.twin)
    text = (
        f"The same architecture trained on the gold labels alone ({facts.twin}) gets "
        f"{percent(facts.baseline['accuracy'])}"
    )
    if not comparison:
        return f"{text}."
    text += f": {describe_difference(comparison, facts.texts, 'the student')}."
    if is_clear(comparison) and comparison["delta_accuracy"] < 0:
        return f"{text} Distilling made this model worse."
    return text


def say_peers(facts: Facts) -> str:
    """Say how the best student compares with classifiers that need neither spaCy nor a teacher."""
    said = []
    for name, title in PEERS.items():
        peer = facts.metrics["models"].get(name)
        if not peer:
            continue
        text, comparison = f"{title} gets {percent(peer['accuracy'])}", facts.compare(name)
        if comparison:
            text += f": {describe_difference(comparison, facts.texts, 'the student')}"
        said.append(f"{text}.")
    return " ".join(said)


def say_seeds(facts: Facts) -> str:
    """Say what the best student and its baseline get over several seeds."""
    best, baseline = (m["over_seeds"] for m in (facts.best, facts.baseline))
    if not best:
        return ""
    text = f"Trained with the seeds {join_words(facts.best['seeds'])} it gets {_mean(best)}"
    return f"{text}; {facts.twin} {_mean(baseline)}." if baseline else f"{text}."


def _mean(over_seeds: dict[str, Any]) -> str:
    accuracy = over_seeds["accuracy"]
    return (
        f"{percent(accuracy['mean'])} on average (standard deviation "
        f"{100 * accuracy['sd']:.1f} points)"
    )


def say_speed(facts: Facts) -> str:
    """Say how fast the best student is."""
    best, teacher = facts.best, facts.teacher
    if not best["words_per_second"]:
        return ""
    cores = count_cores(facts.metrics)
    text = f"It reads {best['words_per_second']:,.0f} words a second on {cores}"
    if best["times_teacher"]:
        text += f", {times(best['times_teacher'])} times as many as the teacher"
    if best["latency_ms"]["p50"]:
        text += f". One text alone takes {best['latency_ms']['p50']:.2f} ms"
        if teacher["latency_ms"]["p50"]:
            text += f", the teacher {teacher['latency_ms']['p50']:.2f} ms"
    return f"{text}."


def say_size(facts: Facts) -> str:
    """Say how large the best student is, and how long it takes to load."""
    best, teacher = facts.best, facts.teacher
    if not best["size_mb"]:
        return ""
    text = f"It takes {best['size_mb']:,.1f} MB on disk"
    text += f" instead of {teacher['size_mb']:,.1f}" if teacher["size_mb"] else ""
    if best["load_seconds"] is not None:
        text += f", and {best['load_seconds']:.1f} seconds to load"
        if teacher["load_seconds"] is not None:
            text += f" instead of {teacher['load_seconds']:.1f}"
    return f"{text}."


def say_calibration(facts: Facts) -> str:
    """Say how far the best student's confidence is from the truth."""
    best, ece = facts.best, facts.best["ece"]
    verdict = "Yes" if ece < ROUGH_ECE else "Roughly" if ece < BAD_ECE else "No"
    text = (
        f"{verdict}: they are {100 * ece:.1f} points off on average (ECE {ece:.3f}; teacher "
        f"{facts.teacher['ece']:.3f}, {facts.twin} {facts.baseline['ece']:.3f})"
    )
    bias = find_bias(best["reliability"])
    text += f", {abs(100 * bias):.1f} points too {'high' if bias > 0 else 'low'} on the whole"
    if best["temperature"] is not None:
        text += f". They were calibrated on dev (temperature {best['temperature']:.2f})"
    return f"{text}."


def find_bias(reliability: list[dict[str, Any]]) -> float:
    """Find by how much confidence is above the truth, over all decisions.

    reliability (list[dict[str, Any]]): Bins, as in metrics.json; at least one.
    RETURNS (float): From -1 (too low) to 1 (too high).
    """
    total = sum(bin_["count"] for bin_ in reliability)
    return sum(b["count"] * (b["confidence"] - b["accuracy"]) for b in reliability) / total


def say_cascade(facts: Facts) -> str:
    """Say which texts to send on to the teacher, and what that gives."""
    cascade = facts.metrics["cascade"]
    sure = f"{100 * cascade['threshold']:.4g}%"
    on_dev = (
        f"{percent(cascade['dev_accuracy'])} against {percent(cascade['teacher_accuracy_dev'])}"
    )
    if not cascade["threshold"]:
        alone = facts.metrics["models"][cascade["student"]]
        return (
            f"Dev asks for no cascade: {cascade['student']} alone is at most half a point below the "
            f"teacher there ({on_dev}). On test it gets {percent(alone['accuracy'])}, the teacher "
            f"{percent(facts.teacher['accuracy'])}."
        )
    if not cascade["share_to_teacher"]:
        return (
            f"At the threshold that dev asks for ({sure} sure), no test text goes to the teacher."
        )
    if not cascade_pays(facts):
        return (
            f"No cascade pays here: to come within half a point of the teacher on dev, "
            f"{cascade['student']} would have to hand on {percent(cascade['share_to_teacher'])} of the "
            "texts."
        )
    text = (
        f"Let {cascade['student']} answer where it is at least {sure} sure, "
        f"and the teacher the rest, {percent(cascade['share_to_teacher'])} of the texts: that is "
        f"{percent(cascade['accuracy'])} right"
    )
    speed, teacher = cascade["docs_per_second"], facts.teacher["docs_per_second"]
    if speed and teacher:
        text += (
            f" at {speed:,.0f} texts a second, {times(speed / teacher)} times the teacher's speed"
        )
    return f"{text}. It is the cheapest point within half a point of the teacher on dev ({on_dev})."


def cascade_pays(facts: Facts) -> bool:
    """Tell whether the cascade saves enough of the teacher's work to be worth two models."""
    cascade = facts.metrics["cascade"]
    speed, teacher = cascade["docs_per_second"], facts.teacher["docs_per_second"]
    if speed and teacher:
        return speed >= CASCADE_SPEEDUP * teacher
    return cascade["share_to_teacher"] * CASCADE_SPEEDUP <= 1


def say_mean(facts: Facts) -> str:
    """Say what the mean of all students gets, where that is more than the best one alone."""
    mean = facts.metrics["models"].get(MEAN)
    if not mean or mean["accuracy"] <= facts.best["accuracy"]:
        return ""
    text = f"The mean of all students' probabilities gets {percent(mean['accuracy'])}"
    if mean["words_per_second"]:
        text += f", at {mean['words_per_second']:,.0f} words a second"
    return f"{text}; it costs as much as all of them."
