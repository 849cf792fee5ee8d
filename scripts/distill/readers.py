"""The corpus that students are trained on: scored Parquet, as spaCy examples."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import registry

from .component import set_teacher_logits
from .records import read_scores


def make_doc(nlp: Language, text: str, mask_token: str) -> Doc:
    """Tokenize a text as a student sees it: the teacher's mask token is one token, not "[", "MASK"
    and "]", so that it stands for one word.

    nlp (Language): The pipeline whose tokenizer is used.
    text (str): The text.
    mask_token (str): The teacher's mask token.
    RETURNS (Doc): The document.
    """
    doc = nlp.make_doc(text)
    start = text.find(mask_token) if mask_token else -1
    if start < 0:
        return doc
    with doc.retokenize() as retokenizer:
        while start >= 0:
            end = start + len(mask_token)
            span = doc.char_span(start, end)
            # None where the tokenizer joined the mask to what stands beside it: nothing to merge.
            if span is not None and len(span) > 1:
                retokenizer.merge(span)
            start = text.find(mask_token, end)
    return doc


@registry.readers("distill.ScoredCorpus.v1")
def create_scored_corpus(
    path: Path | None,
    seed: int = 0,
    shuffle: bool = True,
    weights: dict[str, float] | None = None,
) -> Callable[[Language], Iterable[Example]]:
    """Read scored texts as examples that carry their teacher's logits.

    With `max_epochs = -1` in [training] the file is read and its texts are tokenized anew each epoch,
    in another order each time; only texts and logits are in memory, not documents.

    path (Path | None): A Parquet file of scores. None is for configs that train on another corpus.
    seed (int): Seed of the order.
    shuffle (bool): Whether to shuffle.
    weights (dict[str, float] | None): For each method the chance of a text of its to be in an epoch,
        drawn anew each time, from 0 to 1. Methods that aren't named have 1.
    RETURNS (Callable[[Language], Iterable[Example]]): The corpus.
    RAISES (ValueError): A weight is out of range.
    """
    for method, weight in (weights or {}).items():
        if not 0 <= weight <= 1:
            raise ValueError(
                f"Can't use weights.{method} = {weight} in distill.ScoredCorpus.v1. Expected a number "
                "from 0 to 1."
            )
    return ScoredCorpus(path, seed=seed, shuffle=shuffle, weights=weights or {})


class ScoredCorpus:
    """Examples from a Parquet file of scores; each call gives one epoch."""

    def __init__(
        self, path: Path | None, *, seed: int, shuffle: bool, weights: dict[str, float]
    ) -> None:
        self.path = None if path is None else Path(path)
        self.shuffle = shuffle
        self.weights = weights
        self.rng = numpy.random.default_rng(seed)

    def __call__(self, nlp: Language) -> Iterator[Example]:
        """Give the examples of one epoch.

        nlp (Language): The pipeline to be trained; its tokenizer is used.
        YIELDS (Example): Examples without gold labels, the teacher's logits in the reference's
            user_data.
        RAISES (ValueError): There is no path.
        RAISES (InputError): The file can't be used.
        """
        if self.path is None:
            raise ValueError(
                "Can't read distill.ScoredCorpus.v1: its path is null. Expected a Parquet file of "
                "scores. Set it in the config or with --paths.scored."
            )
        scored = read_scores(self.path)
        chances = numpy.array([self.weights.get(method, 1.0) for method in scored.methods])
        order = numpy.flatnonzero(self.rng.random(len(chances)) < chances)
        if self.shuffle:
            self.rng.shuffle(order)
        for i in order.tolist():
            predicted = make_doc(nlp, scored.texts[i], scored.meta.mask_token)
            reference = predicted.copy()
            set_teacher_logits(reference, scored.meta.labels, scored.logits[i])
            yield Example(predicted, reference)
