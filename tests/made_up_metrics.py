"""A made-up metrics.json that looks like a real one, for tests of what is made of it."""

import re
from typing import Any

import numpy
from numpy.typing import NDArray
from scipy.special import expit, softmax

from scripts.distill.metrics import decide, evaluate, is_correct

from .conftest import BAD, GOOD, THINGS

TEXTS = 336
SEEDS = [0, 1, 2]
LABELS = {
    "polarity": ["negative", "positive"],
    "stars": ["1", "2", "3", "4", "5"],
    "multilabel": [
        "anger",
        "anticipation",
        "disgust",
        "fear",
        "joy",
        "sadness",
        "surprise",
        "trust",
    ],
}
# How much of a model's skill a task lets it show.
EASE = {"polarity": 0.4, "stars": 0.7, "multilabel": 1.0}
# By model: how well it tells labels apart, words/s, ms for a text, MB, seconds to load.
MODELS: dict[str, tuple[float, float, float | None, float, float]] = {
    "teacher": (2.6, 2118, 14.0, 92.0, 5.1),
    "student_bow": (1.6, 442447, 0.07, 2.3, 0.4),
    "student_cnn": (1.9, 87209, 0.6, 14.0, 0.7),
    "student_ensemble": (2.2, 84452, 0.8, 16.1, 0.8),
    "students_mean": (2.25, 39124, None, 32.4, 1.9),
    "baseline_bow": (1.5, 398739, 0.07, 2.2, 0.4),
    "baseline_cnn": (1.45, 102951, 0.5, 4.6, 0.5),
    "baseline_ensemble": (1.5, 92141, 0.7, 6.7, 0.6),
    "tfidf_logreg": (1.6, 977486, 0.3, 0.5, 0.9),
    "fasttext": (1.4, 3284000, 0.02, 6.1, 0.2),
}
CASCADE_STEPS = 21
FINGERPRINTS = dict.fromkeys(("scored", "dev", "test", "vectors"), 64 * "f")

Floats = NDArray[numpy.float64]


def make_metrics(task: str = "polarity") -> dict[str, Any]:
    """Make the content of a metrics.json.

    task (str): polarity, stars or multilabel.
    RETURNS (dict[str, Any]): Figures that fit each other, as far as a page can tell.
    """
    labels, exclusive = LABELS[task], task != "multilabel"
    rng = numpy.random.default_rng(0)
    if exclusive:
        gold = numpy.eye(len(labels), dtype=int)[numpy.arange(TEXTS) % len(labels)]
    else:
        gold = (rng.random((TEXTS, len(labels))) < 0.4).astype(int)
    shared = rng.normal(size=gold.shape)
    probabilities = {
        name: _predict(rng, gold, shared, EASE[task] * skill, exclusive)
        for name, (skill, *_) in MODELS.items()
    }
    models = {
        name: _describe(rng, name, gold, probabilities, labels, task) for name in probabilities
    }
    correct = {name: is_correct(gold, p, exclusive) for name, p in probabilities.items()}
    return {
        "lang": "en",
        "labels": labels,
        "data": _describe_data(task, labels, gold),
        "models": models,
        "comparisons": _compare(correct),
        "cascade": _cascade(probabilities, correct, models),
        "examples": _examples(labels, exclusive),
    }


def rename_labels(metrics: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """Give labels other names, everywhere.

    metrics (dict[str, Any]): The content of a metrics.json.
    names (dict[str, str]): The new name by the old one.
    RETURNS (dict[str, Any]): It with these.
    """

    def rename(value: Any) -> Any:
        if isinstance(value, dict):
            return {names.get(key, key): rename(entry) for key, entry in value.items()}
        if isinstance(value, list):
            return [rename(entry) for entry in value]
        return names.get(value, value) if isinstance(value, str) else value

    return rename(metrics)


def make_ablation() -> dict[str, Any]:
    """Make the content of an ablation.json that belongs to make_metrics."""
    sizes = [
        ("all texts", "all", 60000, 900, 0.815),
        ("without mask", "without", 48000, 900, 0.809),
    ]
    sizes += [
        (f"{n} synthetic texts", "synthetic", n, 900, 0.75 + n / 6e5) for n in (0, 3000, 30000)
    ]
    sizes += [(f"{n} texts of the pool", "pool", 60000, n, 0.77 + n / 3e4) for n in (0, 300, 600)]
    runs = [
        {
            "name": name,
            "group": group,
            "synthetic": synthetic,
            "pool": pool,
            "accuracy": accuracy,
            "macro_f1": accuracy - 0.004,
            "agreement": accuracy + 0.05,
            "kl_to_teacher": 0.4 - accuracy / 4,
            "dev": {"accuracy": accuracy + 0.01, "kl_to_teacher": 0.39 - accuracy / 4},
        }
        for name, group, synthetic, pool, accuracy in sizes
    ]
    return {"student": "cnn", "seed": 0, **FINGERPRINTS, "test_texts": TEXTS, "runs": runs}


def _predict(
    rng: numpy.random.Generator, gold: Any, shared: Floats, skill: float, exclusive: bool
) -> Floats:
    logits = skill * (gold if exclusive else gold - 0.5) * 1.2
    logits = logits + 0.8 * shared + 0.6 * rng.normal(size=gold.shape)
    return softmax(1.6 * logits, axis=1) if exclusive else expit(2 * logits)


def _describe(
    rng: numpy.random.Generator,
    name: str,
    gold: Any,
    probabilities: dict[str, Floats],
    labels: list[str],
    task: str,
) -> dict[str, Any]:
    _, words, ms, mb, load = MODELS[name]
    exclusive, teacher, own = task != "multilabel", probabilities["teacher"], probabilities[name]
    predicted = decide(own, exclusive)
    quality = evaluate(gold, own, teacher, labels, exclusive)
    norms = numpy.linalg.norm(own, axis=1) * numpy.linalg.norm(teacher, axis=1)
    kind = {"teacher": "transformer", "students_mean": "mean"}.get(name, name.split("_")[-1])
    trained = name.startswith(("student_", "baseline_"))
    steps = 500 if name.startswith("student_") else 30
    stars_off = abs(predicted.argmax(axis=1) - gold.argmax(axis=1))
    return {
        "kind": name if name == "tfidf_logreg" else kind,
        **quality,
        "words_per_second": float(words),
        "docs_per_second": words / 23,
        # Not quite the ratio of the medians.
        "times_teacher": 1.01 * words / MODELS["teacher"][1] if name != "teacher" else 1.0,
        "latency_ms": {"p50": ms, "p99": 1.8 * ms if ms else None},
        "peak_rss_mb": 540.0 + mb,
        "size_mb": mb,
        "load_seconds": load,
        "confusion": _confuse(gold, predicted, labels, exclusive),
        "reliability": _reliability(gold, own, exclusive),
        "cosine_to_teacher": float(((own * teacher).sum(axis=1) / norms).mean()),
        "mae": float(stars_off.mean()) if task == "stars" else None,
        "temperature": 1.31 if name.startswith("student_") else None,
        "seeds": SEEDS if trained else [0],
        "over_seeds": _over_seeds(quality) if trained else None,
        "history": [
            {
                "step": steps * (i + 1),
                "epoch": None if steps == 500 else i,
                "dev_score": max(
                    quality["accuracy"] - 0.2 * 0.6**i + float(rng.normal(scale=0.006)), 0.0
                ),
            }
            for i in range(8 if trained else 0)
        ],
    }


def _confuse(gold: Any, predicted: Any, labels: list[str], exclusive: bool) -> Any:
    if exclusive:
        return (gold.T @ predicted).tolist()
    return {
        label: [[int(((gold == g) & (predicted == p))[:, i].sum()) for p in (0, 1)] for g in (0, 1)]
        for i, label in enumerate(labels)
    }


def _reliability(gold: Any, probabilities: Floats, exclusive: bool) -> list[dict[str, float]]:
    confidence = probabilities.max(axis=1) if exclusive else probabilities.ravel()
    right = is_correct(gold, probabilities, True) if exclusive else gold.ravel()
    bins = numpy.minimum((confidence * 15).astype(int), 14)
    return [
        {
            "confidence": float(confidence[bins == b].mean()),
            "accuracy": float(right[bins == b].mean()),
            "count": int((bins == b).sum()),
        }
        for b in numpy.unique(bins)
    ]


def _over_seeds(quality: dict[str, Any]) -> dict[str, Any]:
    found = {}
    for key in ("accuracy", "macro_f1", "ece"):
        values = [quality[key], quality[key] + 0.006, quality[key] - 0.003]
        mean, sd = float(numpy.mean(values)), float(numpy.std(values, ddof=1))
        found[key] = {"mean": mean, "sd": sd, "values": values}
    return found


def _describe_data(task: str, labels: list[str], gold: Any) -> dict[str, Any]:
    sizes = {"train": 480, "dev": 144, "test": TEXTS}
    words = {"mean": 23.0, "p95": 38.0, "p99": 44.0, "max": 51}
    counts = gold.sum(axis=0).tolist()
    return {
        "source": "reviews.jsonl",
        "task": task,
        "exclusive": task != "multilabel",
        "labels": labels,
        "seed": 0,
        "left_out": {"no_label_for_task": 0, "invalid": 0},
        "duplicates": {"exact": 1, "near": 2, "exact_with_other_labels": 0},
        "splits": {
            name: {
                "texts": texts,
                "labels": {label: n * texts // TEXTS for label, n in zip(labels, counts)},
                "words": words,
            }
            for name, texts in sizes.items()
        },
        "scored": {"gold": 480, "ngram": 12000, "mix": 24000, "swap": 24000, "pool": 900},
        "synthetic": 60000,
        "fingerprints": FINGERPRINTS,
        "best_student": "student_ensemble",
        "machine": {
            "system": "Linux x86_64",
            "python": "3.11.7",
            "cores": 2,
            "memory_gb": 25.3,
            "threads_measured": 1,
        },
    }


def _compare(correct: dict[str, Any]) -> list[dict[str, Any]]:
    names = [name for name in correct if name.startswith("student_")]
    pairs = [("teacher", "tfidf_logreg")] + [
        (name, other)
        for name in names
        for other in ("teacher", name.replace("student_", "baseline_"), "tfidf_logreg")
    ]
    found = []
    for a, b in pairs:
        differences = correct[a].astype(float) - correct[b]
        mean, margin = differences.mean(), 1.96 * differences.std() / TEXTS**0.5
        found.append(
            {
                "a": a,
                "b": b,
                "delta_accuracy": float(mean),
                "ci95": [float(mean - margin), float(mean + margin)],
                "mcnemar_p": float(numpy.exp(-2 * (mean / margin) ** 2)),
            }
        )
    return found


def _cascade(
    probabilities: dict[str, Floats], correct: dict[str, Any], models: dict[str, Any]
) -> dict[str, Any]:
    name = "student_ensemble"
    confidence = abs(probabilities[name] - 0.5).max(axis=1) + 0.5
    order = numpy.argsort(confidence)
    fast, slow = (models[model]["docs_per_second"] for model in (name, "teacher"))
    curve = []
    for share in numpy.linspace(0, 1, CASCADE_STEPS):
        asked = order[: round(share * TEXTS)]
        right = correct[name].copy()
        right[asked] = correct["teacher"][asked]
        curve.append(
            {
                "threshold": float(confidence[asked[-1]]) if len(asked) else 0.0,
                "share_to_teacher": len(asked) / TEXTS,
                "accuracy": float(right.mean()),
                "docs_per_second": 1 / (1 / fast + len(asked) / TEXTS / slow),
            }
        )
    teacher = models["teacher"]["accuracy"]
    chosen = next(point for point in curve if point["accuracy"] >= teacher - 0.005)
    dev = {"dev_accuracy": teacher + 0.008, "teacher_accuracy_dev": teacher + 0.011}
    return {"student": name, **chosen, **dev, "curve": curve}


def _examples(labels: list[str], exclusive: bool) -> dict[str, Any]:
    texts = [
        f"This {BAD[i % 6]} {thing} came late & <script>alert({i})</script> broke, but I find it "
        f"{GOOD[i % 6]}; would I buy this {thing} again? Never."
        for i, thing in enumerate(THINGS)
    ]
    first, last = labels[0], labels[-1]
    scores = {"student": {last: 0.97, first: 0.02}, "teacher": {last: 0.09, first: 0.9}}
    if not exclusive:
        scores["student"] = {last: 0.41, first: 0.02}
    examples = [
        {
            "text": text,
            "gold": [first],
            **{
                who: {label: known.get(label, 0.005) - i / 1000 for label in labels}
                for who, known in scores.items()
            },
            "words": _weigh(text),
        }
        for i, text in enumerate(texts)
    ]
    return {"student": "student_ensemble", "errors": examples, "disagreements": examples[::-1]}


def _weigh(text: str) -> list[dict[str, Any]]:
    pieces = re.findall(r"(\w+|[^\w\s]+)(\s?)", text)
    weights = {**dict.fromkeys(GOOD, 0.31), **dict.fromkeys(BAD, -0.18), "but": 0.09}
    return [
        {"text": word, "whitespace": space, "weight": weights.get(word, 0.004)}
        for word, space in pieces
    ]
