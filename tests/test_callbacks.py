"""What is saved of a student is plain spaCy and scores alike."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy
import pytest
import spacy
from spacy.language import Language

from scripts.distill.callbacks import to_plain_textcat

from .conftest import make_reviews
from .test_component import LABELS, make_examples
from .test_heads import attention, bow, ensemble, reduce

TEXTS = [str(row["text"]) for row in make_reviews(200)]


def train(architecture: Any, exclusive: bool) -> Language:
    nlp = spacy.blank("en")
    factory = "textcat_distill" if exclusive else "textcat_multilabel_distill"
    nlp.add_pipe(factory, name="textcat", config={"model": architecture(exclusive)})
    examples = make_examples(nlp, taught=True)
    pipe: Any = nlp.get_pipe("textcat")
    pipe.initialize(lambda: examples, nlp=nlp, labels=LABELS)
    optimizer = pipe.create_optimizer()
    for _ in range(5):
        pipe.update(examples, sgd=optimizer)
    return nlp


def scores(nlp: Language, batch: int) -> numpy.ndarray:
    docs = nlp.pipe(TEXTS, batch_size=batch)
    return numpy.array([[doc.cats[label] for label in LABELS] for doc in docs])


@pytest.mark.parametrize("exclusive", [True, False])
@pytest.mark.parametrize("architecture", [bow, reduce, ensemble, attention])
def test_plain_form_scores_alike(architecture: Any, exclusive: bool, tmp_path: Path) -> None:
    nlp = train(architecture, exclusive)
    expected = scores(nlp, 64)
    to_plain_textcat(nlp).to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    assert loaded.get_pipe_meta("textcat").factory == (
        "textcat" if exclusive else "textcat_multilabel"
    )
    numpy.testing.assert_allclose(scores(loaded, 64), expected, atol=1e-6)
    numpy.testing.assert_allclose(scores(loaded, 1), expected, atol=1e-6)
    assert "distill" not in (tmp_path / "config.cfg").read_text(encoding="utf8")
    assert nlp.get_pipe_meta("textcat").factory != loaded.get_pipe_meta("textcat").factory


def test_plain_form_keeps_tokenizer_and_description() -> None:
    """Chinese splits into characters unless another tokenizer is set."""
    tokenizer = {"@tokenizers": "spacy.Tokenizer.v1"}
    nlp = spacy.blank("zh", config={"nlp": {"tokenizer": tokenizer}}, meta={"name": "mine"})
    plain = to_plain_textcat(nlp)
    assert [token.text for token in plain.make_doc("ab cd")] == ["ab", "cd"]
    assert plain.meta["name"] == "mine"
    assert plain.config["nlp"]["tokenizer"] == tokenizer


def test_plain_form_loads_without_this_project(tmp_path: Path) -> None:
    to_plain_textcat(train(bow, True)).to_disk(tmp_path / "model")
    code = (
        "import spacy, sys; nlp = spacy.load('model'); print(sorted(nlp('a lamp').cats));"
        "assert not [name for name in sys.modules if name.split('.')[0] == 'scripts']"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == str(LABELS)


def test_plain_form_can_be_trained_on(tmp_path: Path) -> None:
    """Its config resolves with spaCy alone: nothing of ours is left in [training]."""
    to_plain_textcat(train(bow, True)).to_disk(tmp_path)
    nlp = spacy.load(tmp_path)
    examples = make_examples(nlp, taught=False, gold=True)
    optimizer = nlp.resume_training()
    assert nlp.update(examples, sgd=optimizer)["textcat"] > 0
