"""Synthetic texts: enough, different, seeded, never those of dev and test."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from spacy.language import Language
from spacy.tokens import Doc, DocBin

from scripts.distill.augmenters import read_pool_docs
from scripts.distill.duplicates import normalize
from scripts.distill.errors import InputError
from scripts.distill.records import TextRow, TextsMeta, write_texts
from scripts.distill.synthetic import load_recipe, make_synthetic

from .conftest import ROOT, make_reviews

CONFIG = ROOT / "configs" / "augment.cfg"
METHODS = ["gold", "mask", "swap", "swap_pool", "ngram", "sentence", "mix"]


@pytest.fixture
def docs(nlp: Language) -> list[Doc]:
    docs = []
    for i, row in enumerate(make_reviews(20)):
        doc = nlp.make_doc(str(row["text"]))
        doc.user_data["source"] = f"reviews:{i}"
        docs.append(doc)
    return docs


def write_pool(path: Path, n_texts: int = 5) -> Path:
    rows = [
        TextRow(f"A zebra and a violin. The giraffe has {i}!", f"pool:{i}", "pool")
        for i in range(n_texts)
    ]
    write_texts(path, rows, TextsMeta(["negative", "positive"], "", "", 0))
    return path


@pytest.fixture
def overrides(docs: list[Doc], tmp_path: Path) -> dict[str, Any]:
    DocBin(docs=docs, store_user_data=True).to_disk(tmp_path / "train.spacy")
    return {
        "paths.train": str(tmp_path / "train.spacy"),
        "paths.pool": str(write_pool(tmp_path / "pool.parquet")),
        "vars.mask_token": "[MASK]",
        "vars.tagger": "lexicon",
        "vars.n_texts": 100,
    }


@pytest.fixture
def make(nlp: Language, docs: list[Doc], overrides: dict[str, Any]) -> Callable[..., list[TextRow]]:
    def run(n_texts: int, seed: int = 0, **kwargs: Any) -> list[TextRow]:
        settings = {**overrides, "system.seed": seed, "vars.n_texts": n_texts}
        mixture = load_recipe(CONFIG, settings).mixture
        return list(make_synthetic(nlp, docs, mixture, seed=seed, **kwargs))

    return run


def test_as_many_different_texts_as_asked(make: Callable[..., list[TextRow]]) -> None:
    rows = make(1000)
    assert len(rows) == 1020
    assert len({normalize(row.text) for row in rows}) == 1020
    assert {row.method for row in rows} == set(METHODS)
    assert sum(row.method == "gold" for row in rows) == 20
    assert {row.source for row in rows} == {f"reviews:{i}" for i in range(20)}


def test_same_seed_same_texts(make: Callable[..., list[TextRow]]) -> None:
    assert make(300) == make(300)
    assert make(300) != make(300, seed=1)


def test_dev_and_test_are_avoided(make: Callable[..., list[TextRow]]) -> None:
    made = [row.text for row in make(300) if row.method != "gold"]
    avoid = [text.upper() for text in made[:50]]
    again = {normalize(row.text) for row in make(300, avoid=avoid)}
    assert again.isdisjoint(map(normalize, avoid))


def test_pool_texts_are_made_others_of(
    make: Callable[..., list[TextRow]], nlp: Language, tmp_path: Path
) -> None:
    pool = read_pool_docs(nlp, write_pool(tmp_path / "some.parquet"), n_texts=3)
    assert len(pool) == 3
    rows = make(500, pool=pool)
    sources = {row.source for row in rows}
    assert {doc.user_data["source"] for doc in pool} < sources
    assert not [row for row in rows if row.text in {doc.text for doc in pool}]
    # Words and sentences of the pool reach texts made of training texts.
    for method in ("swap_pool", "mix"):
        made = [row for row in rows if row.method == method and row.source.startswith("reviews")]
        assert any("giraffe" in row.text or "zebra" in row.text for row in made)


def test_without_a_pool_its_words_leave_their_share_to_others(
    make: Callable[..., list[TextRow]], overrides: dict[str, Any], tmp_path: Path
) -> None:
    write_texts(tmp_path / "empty.parquet", [], TextsMeta(["a", "b"], "", "", 0))
    overrides["paths.pool"] = str(tmp_path / "empty.parquet")
    rows = make(1000)
    assert {row.method for row in rows} == set(METHODS) - {"swap_pool"}
    assert len(rows) == 1020


def test_progress_adds_up(make: Callable[..., list[TextRow]]) -> None:
    told: list[int] = []
    make(500, progress=told.append)
    assert sum(told) == 500


def test_no_texts_asked_for_leaves_gold(make: Callable[..., list[TextRow]]) -> None:
    assert {row.method for row in make(0)} == {"gold"}


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ({"mixture.weights.mask": -1.0}, r"weights = .*numbers of 0 or more"),
        ({"mixture.methods.mask.probability": 2.0}, r"probability = 2\.0"),
        ({"vars.mask_token": ""}, "mask_token"),
        ({"mixture.weights.other": 1.0}, "Expected the same names"),
        ({"vars.n_texts": -1}, "n_texts = -1"),
    ],
)
def test_configs_that_do_not_fit_are_refused(
    override: dict[str, Any], message: str, overrides: dict[str, Any]
) -> None:
    with pytest.raises(InputError, match=message):
        load_recipe(CONFIG, {**overrides, **override})


def test_missing_config_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Can't find the config"):
        load_recipe(tmp_path / "none.cfg", {})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[weights]\nmask = 1.0\n", r"lacks \[mixture\]"),
        (
            '[vars]\npool_texts = 0\n[mixture]\n@augmenters = "distill.sample_ngram.v1"\n',
            r"Expected distill\.mixture\.v1",
        ),
    ],
)
def test_configs_without_a_mixture_are_refused(content: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "other.cfg").write_text(content, encoding="utf8")
    with pytest.raises(InputError, match=message):
        load_recipe(tmp_path / "other.cfg", {})


def test_methods_without_weight_are_left_out(overrides: dict[str, Any]) -> None:
    mixture = load_recipe(CONFIG, {**overrides, "mixture.weights.mask": 0.0}).mixture
    assert set(mixture.methods) == {"swap", "swap_pool", "ngram", "sentence", "mix"}
