"""Texts in other languages are found, and no others."""

import sys
from pathlib import Path

import pytest
import srsly

from scripts.distill.language_check import describe_foreign, find_foreign

from .conftest import ROOT, RunStep

LANGS = ("en", "nl", "fr", "de", "it", "es")


def read_reviews(lang: str) -> list[dict[str, object]]:
    return list(srsly.read_jsonl(ROOT / "assets" / "reviews" / f"{lang}.jsonl"))


def name_texts(lang: str, count: int | None = None) -> list[tuple[str, str]]:
    rows = read_reviews(lang)[:count]
    return [(str(row["text"]), f"{lang}:{i}") for i, row in enumerate(rows, start=1)]


@pytest.mark.parametrize("lang", LANGS)
def test_shipped_reviews_are_in_their_language(lang: str) -> None:
    foreign = find_foreign(name_texts(lang), lang)
    # "Se te piase el spriss, xe bon" is in Venetian indeed.
    assert (foreign and dict(foreign.counts)) == ({"vec": 1} if lang == "it" else None)


def test_others_are_counted() -> None:
    texts = [*name_texts("en", 50), *name_texts("nl", 20), *name_texts("de", 10)]
    foreign = find_foreign(texts, "en")
    assert foreign is not None
    assert foreign.texts == 80
    assert foreign.first == "nl:1"
    # Of the shortest it isn't sure.
    assert 15 < foreign.counts["nl"] <= 20
    assert set(foreign.counts) == {"nl", "de"}
    said = describe_foreign(foreign, "en")
    assert "of 80 texts are in another language than 'en'" in said
    assert f"nl {foreign.counts['nl']}, de {foreign.counts['de']}; the first is nl:1" in said


@pytest.mark.parametrize("text", ["", "12:30", "👍🏽👍🏽", "OK", "\x00\x01"])
def test_texts_of_no_language_are_left_alone(text: str) -> None:
    assert find_foreign([(text, "a:1")], "en") is None


def test_languages_that_it_does_not_know() -> None:
    assert find_foreign(name_texts("nl", 5), "xx") is None


def test_norwegian_has_another_code_there() -> None:
    text = "Batteriet var dødt etter en uke, og butikken svarer ikke på e-postene mine lenger."
    assert find_foreign([(text, "a:1")], "nb") is None
    assert find_foreign([(text, "a:1")], "en") is not None


def test_it_is_optional(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "py3langid.langid", None)
    assert find_foreign(name_texts("nl", 5), "en") is None


def test_prepare_warns(tmp_path: Path, run_step: RunStep) -> None:
    chosen = [row for row in read_reviews("en") if row["stars"] != 3][:200]
    rows = [*chosen, *(row for row in read_reviews("nl")[:30] if row["stars"] != 3)]
    srsly.write_jsonl(tmp_path / "mixed.jsonl", [{**row, "split": None} for row in rows])
    pool = tmp_path / "pool.txt"
    pool.write_text("\n".join(text for text, _ in name_texts("de", 5)), encoding="utf8")
    outcome = run_step(
        "prepare", tmp_path / "mixed.jsonl", tmp_path / "corpus", "--pool", pool, "--seed", 0
    )
    assert outcome.code == 0, outcome.output
    assert "texts are in another language than 'en'" in outcome.output
    assert "nl 2" in outcome.output
    assert "5 texts drawn of it" in outcome.output
