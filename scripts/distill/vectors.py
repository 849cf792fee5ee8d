"""Word vectors from the teacher, for students to start from.

A student meets words that no training text holds. What the fine-tuned teacher makes of such a word,
read alone, tells the student what it means for the task at hand.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy
import spacy
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from spacy.cli.init_pipeline import init_vectors_cli
from spacy.language import Language

from .documents import read_gold
from .errors import InputError
from .outputs import atomic_folder
from .products import POOL_FILE, require
from .records import read_texts

WORD2VEC = "vectors.txt"
# So many texts are tokenized at a time.
TEXTS_IN_MEMORY = 4096


class Built(NamedTuple):
    """How many words have vectors, how wide they are, and which share of the encodings' variance
    they keep.
    """

    words: int
    width: int
    variance: float


class Reduced(NamedTuple):
    """Vectors of the shape (words, width), and the share of the variance that they keep."""

    vectors: NDArray[numpy.float32]
    variance: float


def write_no_vectors(output: Path, lang: str) -> None:
    """Write a pipeline without word vectors: of a teacher that can't be asked for them. Students learn
    embeddings of their own then.

    output (Path): Folder for the pipeline.
    lang (str): Language code.
    """
    with atomic_folder(output) as temporary:
        spacy.blank(lang).to_disk(temporary)


def count_words(nlp: Language, texts: Iterable[str]) -> Counter[str]:
    """Count the words of texts as a student's tokenizer splits them.

    nlp (Language): A pipeline of their language.
    texts (Iterable[str]): The texts.
    RETURNS (Counter[str]): How often each occurs; what is white space is left out.
    """
    counts: Counter[str] = Counter()
    texts = iter(texts)
    while part := list(islice(texts, TEXTS_IN_MEMORY)):
        # A vocabulary remembers each word that it has met: not those of texts that are done.
        with nlp.memory_zone():
            for doc in nlp.tokenizer.pipe(part):
                counts.update(token.text for token in doc if not token.is_space)
            del doc
    return counts


def choose_words(
    counts: Counter[str], whole_words: Sequence[str], n_words: int, *, lower: bool
) -> dict[str, list[str]]:
    """Choose the words to give vectors to: those of the texts, most frequent first, then those that
    the teacher knows whole, in the order of its vocabulary (more frequent ones come first there).

    counts (Counter[str]): The words of the texts.
    whole_words (Sequence[str]): The teacher's words.
    n_words (int): How many at most.
    lower (bool): Whether the teacher reads all letters as lower-case, so that "good", "Good" and
        "GOOD" share a vector.
    RETURNS (dict[str, list[str]]): By word: the forms that it is written in.
    """
    fold = str.lower if lower else str
    merged: Counter[str] = Counter()
    for form, count in counts.items():
        merged[fold(form)] += count
    words = [word for word, _ in merged.most_common(n_words)]
    cases = [str.lower, str.capitalize, str.upper] if lower else [str]
    chosen = {
        word: {case(word) for case in cases}
        for word in list(dict.fromkeys([*words, *whole_words]))[:n_words]
    }
    for form in counts:
        if (word := fold(form)) in chosen:
            chosen[word].add(form)
    return {word: sorted(forms) for word, forms in chosen.items()}


def reduce_width(encodings: NDArray[numpy.float32], width: int, seed: int) -> Reduced:
    """Reduce encodings by PCA, and scale them to a mean length of 1.

    encodings (NDArray[float32]): Shape: (words, hidden width).
    width (int): Wanted; no more than there are words or hidden dimensions.
    seed (int): Seed of the randomized solver.
    RETURNS (Reduced): The vectors.
    RAISES (InputError): The width is more than the encodings have.
    """
    if width > min(encodings.shape):
        raise InputError(
            f"Can't make vectors {width} wide of {encodings.shape[0]} words with "
            f"{encodings.shape[1]} dimensions each. Expected a width of {min(encodings.shape)} or "
            "less. Set it with --vars.vector_width."
        )
    pca = PCA(width, svd_solver="randomized", random_state=seed)
    vectors = pca.fit_transform(encodings).astype("float32")
    vectors /= numpy.linalg.norm(vectors, axis=1).mean()
    return Reduced(vectors, float(pca.explained_variance_ratio_.sum()))


def build_vectors(
    corpus: Path,
    whole_words: Sequence[str],
    encode: Callable[[Sequence[str]], NDArray[numpy.float32]],
    output: Path,
    *,
    lang: str,
    lower: bool,
    n_words: int,
    width: int,
    seed: int,
) -> Built:
    """Build a pipeline that holds word vectors and nothing else, for [initialize.vectors].

    corpus (Path): The folder of the gold corpus and pool; the words of training texts and pool come
        first.
    whole_words (Sequence[str]): Words that the teacher knows whole.
    encode (Callable): From words to the teacher's encodings of the shape (words, hidden width).
    output (Path): Folder for the pipeline.
    lang (str): Language code.
    lower (bool): Whether the teacher reads all letters as lower-case: a word's forms then share a
        vector.
    n_words (int): How many words at most.
    width (int): Width of the vectors.
    seed (int): Seed of the PCA.
    RETURNS (Built): What was built.
    RAISES (InputError): An input is missing, or the width is more than there are dimensions.
    """
    require(corpus / "train.spacy", corpus / POOL_FILE, step="prepare")
    nlp = spacy.blank(lang)
    counts = count_words(nlp, read_gold(corpus / "train.spacy", lang).texts)
    counts += count_words(nlp, (row.text for row in read_texts(corpus / POOL_FILE)))
    words = choose_words(counts, whole_words, n_words, lower=lower)
    vectors, variance = reduce_width(encode(list(words)), width, seed)
    rows = [(form, vector) for forms, vector in zip(words.values(), vectors) for form in forms]
    # Two words can have a form in common: it goes to the more frequent one.
    unique = dict(reversed(rows))
    with atomic_folder(output) as temporary:
        source = temporary / WORD2VEC
        with source.open("w", encoding="utf8") as file:
            file.write(f"{len(unique)} {width}\n")
            for form, vector in unique.items():
                file.write(f"{form} {' '.join(f'{value:.5f}' for value in vector)}\n")
        # It keeps one row for all forms of a word. Looking words up by LOWER instead would not last:
        # spaCy 3.8 doesn't save by which attribute its vectors are looked up.
        init_vectors_cli(
            lang,
            source,
            temporary,
            prune=-1,
            truncate=0,
            mode="default",
            name=f"{lang}_teacher.vectors",
            verbose=False,
            jsonl_loc=None,
            attr="ORTH",
        )
        source.unlink()
    return Built(len(words), width, variance)
