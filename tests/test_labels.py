import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scripts.distill.errors import InputError
from scripts.distill.labels import (
    LABEL_SEPARATOR,
    TASKS,
    describe_joined,
    get_task,
    parse_labels,
    to_cats,
)


@pytest.mark.parametrize("name", ["polarity", "stars", "multiclass", "multilabel"])
def test_get_task(name: str) -> None:
    task = get_task(name)
    assert task.name == name
    assert task.exclusive is (name != "multilabel")


def test_get_task_unknown() -> None:
    with pytest.raises(InputError) as error:
        get_task("sentiment")
    message = str(error.value)
    assert "'sentiment'" in message
    assert all(name in message for name in TASKS)
    assert "--vars.task" in message


@pytest.mark.parametrize("value", [4, 4.0, "4", " 4 ", "4.0"])
def test_stars_in_any_form(value: Any) -> None:
    assert parse_labels(TASKS["stars"], "stars", value) == ["4"]


@pytest.mark.parametrize(
    "stars, expected",
    [(1, ["negative"]), (2, ["negative"]), (3, None), (4, ["positive"]), ("5", ["positive"])],
)
def test_polarity_of_stars(stars: Any, expected: list[str] | None) -> None:
    assert parse_labels(TASKS["polarity"], "stars", stars) == expected


def test_three_stars_are_a_class_of_the_stars_task() -> None:
    assert parse_labels(TASKS["stars"], "stars", 3) == ["3"]


@pytest.mark.parametrize("value", [0, 6, 2.5, -1, "", "five", None, float("nan"), float("inf"), []])
@pytest.mark.parametrize("task", ["polarity", "stars"])
def test_stars_out_of_range(task: str, value: Any) -> None:
    with pytest.raises(ValueError, match=r"unknown label: 'stars' is .*, expected 1, 2, 3, 4 or 5"):
        parse_labels(TASKS[task], "stars", value)


@pytest.mark.parametrize(
    "task, value, expected",
    [
        ("polarity", "positive", "positive"),
        ("polarity", " negative\n", "negative"),
        ("stars", "3", "3"),
        ("stars", 5, "5"),
        ("multiclass", "Küche & Bad", "Küche & Bad"),
        ("multiclass", 7, "7"),
        ("multiclass", "NA", "NA"),
        ("multiclass", f"a{LABEL_SEPARATOR}b", f"a{LABEL_SEPARATOR}b"),
    ],
)
def test_label(task: str, value: Any, expected: str) -> None:
    assert parse_labels(TASKS[task], "label", value) == [expected]


@pytest.mark.parametrize("value", ["", "  ", None, float("nan")])
@pytest.mark.parametrize("task", ["polarity", "stars", "multiclass"])
def test_label_is_empty(task: str, value: Any) -> None:
    with pytest.raises(ValueError, match="'label' is empty, expected a label"):
        parse_labels(TASKS[task], "label", value)


@pytest.mark.parametrize(
    "task, value, expected",
    [("polarity", "Positive", "negative, positive"), ("stars", "six", "1, 2, 3, 4, 5")],
)
def test_label_is_unknown(task: str, value: str, expected: str) -> None:
    with pytest.raises(ValueError) as error:
        parse_labels(TASKS[task], "label", value)
    assert str(error.value) == f"unknown label '{value}', expected one of: {expected}"


@pytest.mark.parametrize(
    "value, expected",
    [
        (["b", "a"], ["a", "b"]),
        (("a", "a"), ["a"]),
        ("b|a", ["a", "b"]),
        (" a | b ", ["a", "b"]),
        ("a||b|", ["a", "b"]),
        ("a", ["a"]),
        ([1, 2], ["1", "2"]),
        # A text of no label at all is an answer too.
        ("", []),
        ([], []),
    ],
)
def test_labels(value: Any, expected: list[str]) -> None:
    assert parse_labels(TASKS["multilabel"], "labels", value) == expected


@pytest.mark.parametrize("value", [None, 3, float("nan")])
def test_labels_are_no_list(value: Any) -> None:
    with pytest.raises(ValueError, match=r"'labels' is .*, expected a list, or labels joined by"):
        parse_labels(TASKS["multilabel"], "labels", value)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.text("abc é-1", max_size=4)))
def test_list_and_joined_string_say_the_same(labels: list[str]) -> None:
    task = TASKS["multilabel"]
    from_list = parse_labels(task, "labels", labels)
    assert from_list == parse_labels(task, "labels", LABEL_SEPARATOR.join(labels))
    assert from_list == sorted({label.strip() for label in labels} - {""})


@pytest.mark.parametrize(
    "labels, expected",
    [
        (["b"], {"c": 0.0, "b": 1.0, "a": 0.0}),
        (["a", "c"], {"c": 1.0, "b": 0.0, "a": 1.0}),
        ([], {"c": 0.0, "b": 0.0, "a": 0.0}),
    ],
)
def test_to_cats_writes_every_label_in_order(labels: list[str], expected: dict[str, float]) -> None:
    assert list(to_cats(labels, ["c", "b", "a"]).items()) == list(expected.items())


@pytest.mark.parametrize(
    ("labels", "found"),
    [
        (["fear", "joy", "joy, fear"], "'joy, fear' .*'joy|fear'"),
        (["fear", "fear;joy;rage", "joy", "rage"], "'fear;joy;rage'"),
        (["fear", "joy", "joy,fear,"], "'joy,fear,'"),
        (["fear", "joy", "joy, sorrow"], ""),
        (["joy, fear"], ""),
        (["joy", "joy,"], ""),
        (["fear", "joy and fear", "joy"], ""),
        ([], ""),
    ],
)
def test_labels_that_consist_of_others(labels: list[str], found: str) -> None:
    described = describe_joined(labels)
    assert bool(described) == bool(found)
    assert re.search(found.replace("|", r"\|"), described)


@pytest.mark.parametrize("value", [["x", None], {"x": 0, "y": 1}])
def test_what_is_no_list_of_labels_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="'labels' is"):
        parse_labels(TASKS["multilabel"], "labels", value)


def test_truth_is_no_star() -> None:
    with pytest.raises(ValueError, match="'stars' is True"):
        parse_labels(TASKS["stars"], "stars", True)


@pytest.mark.parametrize("value", [["food"], True, {"a": 1}])
def test_what_is_not_one_label_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="expected one label"):
        parse_labels(get_task("multiclass"), "label", value)
