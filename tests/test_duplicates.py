import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scripts.distill.duplicates import Duplicate, SketchIndex, find_duplicates, make_key, normalize

SENTENCE = "the blue kettle boils water in two minutes and never once leaked on our table"
# All 13 word 3-grams and one more: far above the bar of 0.7.
NEAR = f"{SENTENCE} yesterday"
# The first eight words only, 6 of the 3-grams: far below the bar.
FAR = " ".join(SENTENCE.split()[:8])
OTHER = "a completely different remark about a lamp that someone returned because of its cable"

texts = st.text(max_size=30)
words = st.lists(st.text(string.ascii_lowercase + "éüñßøç0123456789", min_size=1), min_size=1)
few_words = st.lists(st.sampled_from(["kettle", "Kettle!", "lamp", "LAMP", "a lamp", "?", "!", ""]))
bounded = settings(deadline=None, max_examples=100)
slower = settings(deadline=None, max_examples=25)


@pytest.mark.parametrize(
    "text, expected",
    [
        ("Great, GREAT kettle!!", "great great kettle"),
        ("  two\n lines\t ", "two lines"),
        ("Straße", "strasse"),
        ("\ufb01ne \uff21\uff22", "fine ab"),  # a ligature and full-width letters
        ("cafe\u0301", "caf\u00e9"),  # an accent of its own and one with its letter
        ("日本語。", "日本語"),
        (" ?! ", "?!"),
        ("👍", "👍"),
        ("", ""),
    ],
)
def test_normalize(text: str, expected: str) -> None:
    assert normalize(text) == expected


@bounded
@given(texts)
def test_normalize_is_idempotent(text: str) -> None:
    assert normalize(normalize(text)) == normalize(text)


@bounded
@given(words, st.sampled_from([" ", "  ", "\n", ", ", " - ", "!? ", "... "]), st.booleans())
def test_case_and_punctuation_make_no_other_text(
    tokens: list[str], separator: str, upper: bool
) -> None:
    original = " ".join(tokens)
    copy = f"({separator.join(tokens)})"
    copy = copy.upper() if upper else copy.title()
    assert find_duplicates([original, copy]) == [Duplicate(1, 0, True)]


@slower
@given(st.lists(texts, max_size=8))
def test_what_is_left_holds_no_more_duplicates(several: list[str]) -> None:
    gone = {duplicate.position for duplicate in find_duplicates(several)}
    left = [text for i, text in enumerate(several) if i not in gone]
    assert find_duplicates(left) == []
    assert 0 not in gone


@slower
@given(few_words)
def test_a_duplicate_points_at_an_earlier_text_that_stays(several: list[str]) -> None:
    duplicates = find_duplicates(several)
    gone = {duplicate.position for duplicate in duplicates}
    assert [duplicate.position for duplicate in duplicates] == sorted(gone)
    assert all(d.of < d.position and d.of not in gone for d in duplicates)
    assert all(normalize(several[d.of]) == normalize(several[d.position]) for d in duplicates)
    assert len(several) - len(gone) == len({normalize(text) for text in several})


def test_near_duplicates_count_anywhere_without_groups() -> None:
    assert find_duplicates([SENTENCE, OTHER, NEAR]) == [Duplicate(2, 0, False)]


def test_near_duplicates_count_across_groups() -> None:
    duplicates = find_duplicates([SENTENCE, OTHER, NEAR], groups=["test", "test", "train"])
    assert duplicates == [Duplicate(2, 0, False)]


def test_near_duplicates_within_a_group_stay() -> None:
    assert find_duplicates([SENTENCE, OTHER, NEAR], groups=["train"] * 3) == []


def test_exact_duplicates_count_within_a_group() -> None:
    duplicates = find_duplicates([SENTENCE, SENTENCE.upper()], groups=["train"] * 2)
    assert duplicates == [Duplicate(1, 0, True)]


@pytest.mark.parametrize("other", [OTHER, FAR, SENTENCE.split()[0], "?"])
def test_texts_that_differ_are_no_duplicates(other: str) -> None:
    assert find_duplicates([SENTENCE, other], groups=["test", "train"]) == []


@pytest.mark.parametrize("short", ["too small", "too small now"])
def test_short_texts_are_duplicates_only_when_equal(short: str) -> None:
    others = [f"{short} again", short.replace("small", "large"), short.title()]
    assert find_duplicates([short, *others]) == [Duplicate(3, 0, True)]


def test_same_texts_same_duplicates() -> None:
    several = [SENTENCE, OTHER, NEAR, FAR, OTHER.upper()] * 2
    assert find_duplicates(several) == find_duplicates(several)


def test_no_texts() -> None:
    assert find_duplicates([]) == []


@pytest.mark.parametrize(
    ("one", "other"), [("दिन", "दीन"), ("ที่", "ท"), ("Nice 😡", "Nice 😀"), ("$5", "€5")]
)
def test_marks_and_symbols_make_other_texts(one: str, other: str) -> None:
    assert not find_duplicates([one, other])


@bounded
@given(texts, texts)
def test_keys_are_those_of_equal_texts(one: str, other: str) -> None:
    assert (make_key(one) == make_key(other)) == (one == other)
    assert len(make_key(one)) == 8


def test_keys_are_the_same_in_all_processes() -> None:
    assert make_key("great kettle").hex() == "c745ccf38197e9a1"
    assert make_key("half \ud800 of a pair") != make_key("half  of a pair")


def test_index_finds_what_is_near() -> None:
    index = SketchIndex()
    assert index.find(SENTENCE) == []
    for position, text in ((7, SENTENCE), (2, NEAR), (4, OTHER)):
        index.add(position, normalize(text))
    assert index.find(normalize(NEAR)) == [2, 7]
    assert index.find(normalize(OTHER)) == [4]
    assert index.find(normalize(FAR)) == []
    # 11 of its 13 3-grams, a Jaccard similarity of 0.73.
    assert index.find(normalize(SENTENCE.replace("our table", "their desk"))) == [7]
    # All its 3-grams are known, but no text has most of them.
    assert index.find(normalize(f"{FAR} {' '.join(OTHER.split()[:8])}")) == []
