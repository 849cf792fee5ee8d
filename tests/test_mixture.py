"""The mixture: shares are kept, and what isn't new is dropped and counted."""

import gc
import tracemalloc
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from spacy.language import Language
from spacy.tokens import DocBin
from spacy.training import Corpus, Example
from spacy.util import registry

from scripts.distill.augmenters import Augmenter, create_sample_ngram_augmenter, make_variant
from scripts.distill.mixture import Mixture, create_mixture_augmenter

LONG = " ".join(f"word{i}" for i in range(40))


def make_counter(word: str) -> Augmenter:
    numbers = count()

    def counter(nlp: Language, example: Example) -> Iterator[Example]:
        yield make_variant(nlp, example, f"{word} {next(numbers)}")

    return counter


def repeat(*texts: str) -> Augmenter:
    def repeated(nlp: Language, example: Example) -> Iterator[Example]:
        for text in texts:
            yield make_variant(nlp, example, text)

    return repeated


def unable(nlp: Language, example: Example) -> Iterator[Example]:
    yield from ()


def run(mixture: Mixture, nlp: Language, example: Example, times: int = 1000) -> list[str]:
    return [eg.reference.text for _ in range(times) for eg in mixture(nlp, example)]


def test_shares_are_kept(nlp: Language, make_example: Callable[[str], Example]) -> None:
    methods = {name: make_counter(name) for name in ("a", "b", "c")}
    mixture = create_mixture_augmenter(methods, {"a": 6, "b": 3, "c": 1}, n_texts=100)
    made = run(mixture, nlp, make_example("A lamp."))
    assert len(made) == 100
    assert {name: method.made for name, method in mixture.methods.items()} == {
        "a": 60,
        "b": 30,
        "c": 10,
    }
    assert mixture.finished


def test_proposes_the_texts_that_a_call_makes(
    nlp: Language, make_example: Callable[[str], Example]
) -> None:
    def make() -> Mixture:
        methods: dict[str, Augmenter] = {
            "ngram": create_sample_ngram_augmenter(1, 3),
            "other": make_counter("foreign"),
        }
        return create_mixture_augmenter(methods, {"ngram": 1, "other": 1}, n_texts=20)

    example = make_example("A lamp that is bright, and a kettle that isn't.")
    mixture, same = make(), make()
    called: list[tuple[str, str]] = []
    while not mixture.finished:
        called += [
            (eg.reference.user_data["method"], eg.reference.text) for eg in mixture(nlp, example)
        ]
    proposed = [same.propose(nlp, example.reference) for _ in called]
    assert [tuple(new) for new in proposed if new] == called
    assert same.propose(nlp, example.reference) is None
    assert {name: method.made for name, method in same.methods.items()} == {
        "ngram": 10,
        "other": 10,
    }
    assert same.dropped == mixture.dropped


@pytest.mark.parametrize("other", [unable, repeat("always the same")])
@pytest.mark.parametrize("first", [True, False])
def test_exhausted_methods_leave_their_share(
    other: Augmenter, first: bool, nlp: Language, make_example: Callable[[str], Example]
) -> None:
    methods = {"other": other, "endless": make_counter("new")}
    if not first:
        methods = dict(reversed(methods.items()))
    mixture = create_mixture_augmenter(methods, {"other": 1, "endless": 1}, n_texts=300)
    made = run(mixture, nlp, make_example("A lamp."))
    assert len(made) == 300
    assert mixture.methods["other"].made <= 1


def test_the_search_ends_where_nothing_is_new(
    nlp: Language, make_example: Callable[[str], Example]
) -> None:
    mixture = create_mixture_augmenter({"poor": repeat("one", "two")}, {"poor": 1}, n_texts=300)
    assert run(mixture, nlp, make_example("A lamp.")) == ["one", "two"]
    assert mixture.finished
    assert mixture.dropped["repeated"] > 0


@pytest.mark.parametrize(
    ("texts", "reason"),
    [
        (["Good lamp", "good, LAMP!"], "repeated"),
        (["The lamp.", "the lamp"], "repeated"),  # the text itself
        ([LONG, LONG.replace("word39", "other")], "alike"),
        ([LONG.replace("word3", "x"), "a held out text of seven words !"], "held out"),
        ([LONG.replace("word3", "x"), LONG.replace("word", "held")], "held out"),
    ],
)
def test_what_is_not_new_is_dropped_and_counted(
    texts: list[str], reason: str, nlp: Language, make_example: Callable[[str], Example]
) -> None:
    mixture = create_mixture_augmenter({"a": repeat(*texts)}, {"a": 1})
    near = LONG.replace("word", "held").replace("held39", "other")
    mixture.avoid(["A held-out text of seven words", near], known=["The LAMP!"])
    made = run(mixture, nlp, make_example("The lamp."), times=2)
    assert made == ([] if texts[0] == "The lamp." else texts[:1])
    assert mixture.dropped[reason] > 0


def test_of_different_texts_alike_ones_are_kept(
    nlp: Language, make_example: Callable[[str], Example]
) -> None:
    mixture = create_mixture_augmenter(
        {"a": repeat(LONG, LONG.replace("word39", "other"))}, {"a": 1}
    )
    made = []
    for source in ("reviews:1", "reviews:2"):
        example = make_example("The lamp.")
        example.reference.user_data["source"] = source
        made += run(mixture, nlp, example, times=1)
    assert made == [LONG, LONG.replace("word39", "other")]


def test_known_texts_are_remembered_by_keys() -> None:
    """They may be many: of 9,000 with 300 characters each, 150 bytes are kept."""
    mixture = create_mixture_augmenter({"a": unable}, {"a": 1})
    gc.collect()
    tracemalloc.start()
    mixture.avoid([], known=(f"text number {i} " + "x" * 300 for i in range(9000)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 9000 * 150


def test_variants_say_their_method(nlp: Language, make_example: Callable[[str], Example]) -> None:
    mixture = create_mixture_augmenter({"a": make_counter("a")}, {"a": 1})
    (variant,) = mixture(nlp, make_example("The lamp."))
    assert variant.reference.user_data["method"] == "a"


@pytest.mark.parametrize(
    ("weights", "n_texts", "message"),
    [
        ({"b": 1.0}, None, "Expected the same names"),
        ({"a": -1.0}, None, "numbers of 0 or more"),
        ({"a": float("nan")}, None, "numbers of 0 or more"),
        ({"a": 0.0}, None, "one above 0"),
        ({"a": 1.0}, -1, "n_texts = -1"),
    ],
)
def test_settings_out_of_range_are_refused(
    weights: dict[str, float], n_texts: int | None, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        create_mixture_augmenter({"a": unable}, weights, n_texts)


def test_works_in_any_spacy_config(nlp: Language, tmp_path: Path) -> None:
    doc = nlp.make_doc("The old kettle boils water quickly. My sister bought two lamps!")
    DocBin(docs=[doc]).to_disk(tmp_path / "train.spacy")
    block = {
        "augmenter": {
            "@augmenters": "distill.mixture.v1",
            "weights": {"mask": 1, "ngram": 1},
            "methods": {
                "mask": {"@augmenters": "distill.mask_tokens.v1"},
                "ngram": {"@augmenters": "distill.sample_ngram.v1"},
            },
        }
    }
    augmenter = registry.resolve(block)["augmenter"]
    corpus = Corpus(tmp_path / "train.spacy", augmenter=augmenter)
    made = [eg.reference.text for _ in range(10) for eg in corpus(nlp)]
    assert len(made) == len(set(made)) == 10
