"""Plots: SVG that stands in a page, readable in both themes, and the same in words."""

import re

import pytest

from scripts.distill.drawing import LOOKS, Box, choose_places, role_of
from scripts.distill.plots import (
    list_mistakes,
    plot_ablation,
    plot_cascade,
    plot_confusion,
    plot_learning,
    plot_reliability,
    plot_speed,
    short_name,
    shorten,
)

from .made_up_metrics import MODELS, make_ablation, make_metrics

METRICS = make_metrics()
PLOTS = {
    "speed": plot_speed(METRICS),
    "cascade": plot_cascade(METRICS),
    "reliability": plot_reliability(METRICS, ["teacher", "student_ensemble"]),
    "confusion": plot_confusion(METRICS, "teacher"),
    "learning": plot_learning(METRICS, "student_cnn"),
    "ablation": plot_ablation(make_ablation())[0],
}


@pytest.mark.parametrize("name", PLOTS)
def test_svg_has_the_pages_colours_and_font(name: str) -> None:
    plot = PLOTS[name]
    assert plot
    texts = re.findall(r"<text[^>]*>", plot.svg)
    assert len(texts) > 4
    assert all('fill="currentColor"' in text for text in texts)
    assert "font-family" not in plot.svg
    assert "<style" not in plot.svg
    assert "var(--" in plot.svg
    assert not re.search("|".join(look.colour for look in LOOKS.values()), plot.svg)
    assert not re.search("#000000|#ffffff", plot.svg)


def test_ids_of_two_plots_differ() -> None:
    found = [re.findall(r' id="([^"]+)"', plot.svg) for plot in PLOTS.values() if plot]
    ids = [name for names in found for name in names]
    assert ids
    assert len(set(ids)) == len(ids)


def test_plots_are_the_same_each_time() -> None:
    assert plot_speed(METRICS) == PLOTS["speed"]


def test_plots_say_in_words_what_they_show() -> None:
    metrics = make_metrics()
    metrics["models"]["student_cnn"]["accuracy"] = 0.7777
    plot = plot_speed(metrics)
    assert plot
    for name in MODELS:
        assert name in plot.alt
    assert "student_cnn 77.8% at 87,209" in plot.alt
    metrics["models"]["teacher"]["confusion"] = [[7, 1], [0, 8]]
    confusion = plot_confusion(metrics, "teacher")
    assert confusion
    assert "of 8 negative texts 7 as negative and 1 as positive" in confusion.alt
    assert "of 8 positive texts 8 as positive" in confusion.alt


def test_learning_curves_say_when_dev_was_best() -> None:
    metrics = make_metrics()
    metrics["models"]["student_cnn"]["history"] = [
        {"step": 100, "epoch": None, "dev_score": 0.7},
        {"step": 200, "epoch": None, "dev_score": 0.75},
        {"step": 300, "epoch": None, "dev_score": 0.72},
    ]
    metrics["models"]["baseline_cnn"]["history"] = []
    plot = plot_learning(metrics, "student_cnn")
    assert plot
    assert plot.alt == "Scores on dev: student_cnn is best, 75.0%, after 200 steps."
    metrics["models"]["student_cnn"]["history"] = []
    assert plot_learning(metrics, "student_cnn") is None


def test_without_figures_there_is_no_plot() -> None:
    metrics = make_metrics("multilabel")
    assert plot_confusion(metrics, "teacher") is None  # a table says it better
    for model in metrics["models"].values():
        model["words_per_second"] = None
    assert plot_speed(metrics) is None


def test_a_baselines_plot_leads_to_its_student() -> None:
    metrics = make_metrics()
    names = ("teacher", "student_cnn", "baseline_cnn")
    metrics["models"] = {name: metrics["models"][name] for name in names}
    plot = plot_speed(metrics)
    del metrics["models"]["baseline_cnn"]
    alone = plot_speed(metrics)
    assert plot
    assert alone
    assert plot.svg.count("<path") > alone.svg.count("<path") + 1  # a line and its head


@pytest.mark.parametrize(
    ("share", "expected"),
    [
        (0.0, ["chosen: student_ensemble alone", "teacher alone"]),
        (0.25, ["student_ensemble alone", "teacher alone", "chosen: 25.0% to the teacher"]),
        (1.0, ["student_ensemble alone", "chosen: teacher alone"]),
    ],
)
def test_the_chosen_cascade_is_named(share: float, expected: list[str]) -> None:
    metrics = make_metrics()
    metrics["cascade"]["share_to_teacher"] = share
    plot = plot_cascade(metrics)
    assert plot
    assert [text for text in re.findall(">([^<]+)</text>", plot.svg) if "e" in text][2:] == expected


def test_many_labels_have_no_numbers() -> None:
    metrics = make_metrics("stars")
    plot = plot_confusion(metrics, "teacher")
    assert plot
    assert f">{metrics['models']['teacher']['confusion'][0][0]}<" in plot.svg
    size = 20
    metrics["labels"] = [f"label {i}" for i in range(size)]
    metrics["models"]["teacher"]["confusion"] = [[777] * size] * size
    plot = plot_confusion(metrics, "teacher")
    assert plot
    assert ">777<" not in plot.svg
    assert plot.alt.count("777 of 15,540 label ") == 10
    metrics["labels"] = [f"label {i}" for i in range(26)]
    assert plot_confusion(metrics, "teacher") is None


def test_long_labels_are_shortened_beside_the_cells() -> None:
    metrics = make_metrics()
    metrics["labels"] = ["needs_human_intervention_now", "can be answered automatically"]
    plot = plot_confusion(metrics, "teacher")
    assert plot
    assert ">needs_human_i\u2026<" in plot.svg
    assert ">can be answer\u2026<" in plot.svg
    assert "needs_human_intervention_now texts" in plot.alt


def test_shortened_labels_can_be_told_apart() -> None:
    alike = ["customer service good", "customer service bad", "short"]
    assert shorten(alike) == ["custom\u2026ce good", "custom\u2026ice bad", "short"]
    middle = [f"customers of branch {i} in the middle" for i in range(3)]
    names = shorten(middle)
    assert names == [f"{i}: custom\u2026middle" for i in (1, 2, 3)]


def test_most_frequent_mistakes_come_first() -> None:
    matrix = [[5, 3, 0], [4, 0, 0], [0, 1, 9]]
    assert list_mistakes(matrix, ["a", "b", "c"]) == [
        ("b", "a", 4, 4),
        ("a", "b", 3, 8),
        ("c", "b", 1, 10),
    ]


@pytest.mark.filterwarnings("error")
def test_labels_are_text_in_any_script() -> None:
    metrics = make_metrics()
    metrics["labels"] = ["$\\frac{1}", "\u597d\u8bc4 <b>"]
    plot = plot_confusion(metrics, "teacher")
    assert plot
    assert ">$\\frac{1}<" in plot.svg
    assert ">\u597d\u8bc4 &lt;b&gt;<" in plot.svg


def test_roles_of_models() -> None:
    roles = {name: role_of(name) for name in MODELS}
    assert roles["teacher"] == "teacher"
    assert {roles["student_cnn"], roles["students_mean"]} == {"student"}
    assert {roles["tfidf_logreg"], roles["fasttext"]} == {"peer"}
    assert [short_name(name) for name in ("baseline_bow", "tfidf_logreg")] == ["bow", "TF-IDF"]


def test_names_hide_neither_dots_nor_each_other() -> None:
    inside = Box(0, 0, 400, 300)
    dots = [(200.0, 150.0), (204.0, 152.0), (390.0, 150.0), (10.0, 5.0), (206.0, 149.0)]
    texts = ["ensemble", "cnn", "teacher", "fastText", "bow"]
    boxes = choose_places(dots, texts, inside, height=12)
    for i, box in enumerate(boxes):
        assert box.overlap(inside) == pytest.approx(box.area)
        assert all(box.overlap(other) == 0 for other in boxes[i + 1 :])
        assert not any(box.left < x < box.right and box.bottom < y < box.top for x, y in dots)


def test_names_keep_off_what_is_to_be_seen() -> None:
    inside = Box(0, 0, 400, 300)
    right = choose_places([(200.0, 150.0)], ["cnn"], inside, 12)[0]
    assert right.left > 200
    (moved,) = choose_places([(200.0, 150.0)], ["cnn"], inside, 12, avoid=[right])
    assert moved.overlap(right) == 0


def test_curves_of_an_ablation_are_drawn_where_there_are_points() -> None:
    runs = [
        {"name": "all texts", "group": "all", "synthetic": 60, "pool": 0, "accuracy": 0.9},
        {"name": "without mask", "group": "without", "synthetic": 50, "pool": 0, "accuracy": 0.8},
    ]
    assert plot_ablation({"runs": runs}) == []
    runs.append({"name": "0", "group": "synthetic", "synthetic": 0, "pool": 0, "accuracy": 0.7})
    (plot,) = plot_ablation({"runs": runs})
    assert plot.svg.startswith("<svg")
    assert plot.alt.endswith("number of synthetic texts: 70.0% with 0, 90.0% with 60.")
