"""Which of the pool's texts are kept, by what the teacher says of them."""

from collections.abc import Callable
from pathlib import Path

import numpy
import pytest

from scripts.distill.errors import InputError
from scripts.distill.pool_choice import Choice, choose_pool
from scripts.distill.records import TextRow, TextsMeta, read_scores, read_texts, write_scores

LABELS = ["bad", "good"]


@pytest.fixture
def choose(tmp_path: Path) -> Callable[..., Choice]:
    """Choose among two gold texts, a synthetic one and a pool of the given probabilities of "good"."""

    def run(
        pool: list[float],
        min_confidence: float = 0.0,
        balance: bool = False,
        exclusive: bool = True,
        seed: int = 0,
    ) -> Choice:
        methods = ["gold", "gold", "mask"] + ["pool"] * len(pool)
        rows = [TextRow(f"text {i}", f"s:{i}", method) for i, method in enumerate(methods)]
        p = numpy.array([0.5, 0.5, 0.5, *pool])
        logits = numpy.log(numpy.stack([1 - p, p], axis=1)).astype("float32")
        if not exclusive:
            logits = numpy.log(p / (1 - p))[:, None].repeat(2, axis=1).astype("float32")
        meta = TextsMeta(LABELS, "t", "[MASK]", 0, exclusive)
        write_scores(tmp_path / "all.parquet", rows, logits, meta)
        return choose_pool(
            tmp_path / "all.parquet",
            tmp_path / "chosen.parquet",
            min_confidence=min_confidence,
            balance=balance,
            seed=seed,
        )

    return run


def read(tmp_path: Path) -> list[str]:
    scores = read_scores(tmp_path / "chosen.parquet")
    rows = list(read_texts(tmp_path / "chosen.parquet"))
    assert [row.text for row in rows] == scores.texts
    everything = read_scores(tmp_path / "all.parquet")
    of_text = dict(zip(everything.texts, everything.logits.tolist()))
    assert [of_text[text] for text in scores.texts] == scores.logits.tolist()
    return scores.texts


def test_unsure_texts_are_left_out(choose: Callable[..., Choice], tmp_path: Path) -> None:
    assert choose([0.55, 0.95, 0.1, 0.3], min_confidence=0.8) == Choice(2, 2, 0)
    assert read(tmp_path) == ["text 0", "text 1", "text 2", "text 4", "text 5"]


def test_labels_are_balanced(choose: Callable[..., Choice], tmp_path: Path) -> None:
    pool = [0.9] * 30 + [0.1] * 4 + [0.6]
    assert choose(pool, balance=True) == Choice(8, 0, 27)
    first = read(tmp_path)
    assert first[:3] == ["text 0", "text 1", "text 2"]
    assert {"text 33", "text 34", "text 35", "text 36"} < set(first)
    assert choose(pool, balance=True) == Choice(8, 0, 27)
    assert read(tmp_path) == first
    choose(pool, balance=True, seed=1)
    assert read(tmp_path) != first


def test_unsure_texts_go_before_labels_are_balanced(choose: Callable[..., Choice]) -> None:
    assert choose([0.9] * 5 + [0.1, 0.4], min_confidence=0.7, balance=True) == Choice(2, 1, 4)


def test_an_empty_pool_stays_empty(choose: Callable[..., Choice], tmp_path: Path) -> None:
    assert choose([], min_confidence=0.9, balance=True) == Choice(0, 0, 0)
    assert len(read(tmp_path)) == 3


@pytest.mark.parametrize(
    ("pool", "exclusive", "message"),
    [([0.9, 0.8], True, "bad 0, good 2"), ([0.9, 0.1], False, "a text may have several")],
)
def test_what_can_not_be_balanced_is_refused(
    pool: list[float],
    exclusive: bool,
    message: str,
    choose: Callable[..., Choice],
    tmp_path: Path,
) -> None:
    with pytest.raises(InputError, match=message):
        choose(pool, balance=True, exclusive=exclusive)
    assert not (tmp_path / "chosen.parquet").exists()
