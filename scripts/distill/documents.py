"""The gold corpus as spaCy documents: make, write, read."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy
import spacy
from numpy.typing import NDArray
from spacy.language import Language
from spacy.tokens import Doc, DocBin

from .errors import InputError
from .labels import to_cats
from .outputs import atomic_file

# What a Doc's user_data calls the place in the raw file that the text came from.
SOURCE = "source"


class GoldText(NamedTuple):
    """A text with its gold labels, and where it came from."""

    text: str
    labels: list[str]
    source: str


class Gold(NamedTuple):
    """Texts and their gold labels: 0 or 1, of the shape (texts, labels)."""

    texts: list[str]
    labels: NDArray[numpy.int64]


def make_tokenizer(lang: str) -> Language:
    """Make a pipeline that tokenizes a language and does nothing else.

    lang (str): Language code, as spaCy names it.
    RETURNS (Language): The pipeline.
    RAISES (InputError): spaCy has no such language, or lacks what its tokenizer needs.
    """
    try:
        return spacy.blank(lang)
    # AttributeError: a module of spacy.lang that is no language.
    except (ImportError, AttributeError) as error:
        known = lang.isidentifier() and isinstance(error, ImportError)
        if known and find_spec(f"spacy.lang.{lang}"):
            raise InputError(
                f"Can't use the language '{lang}': spaCy's tokenizer for it needs another package. "
                f"{' '.join(str(error).split())} Install that, and run the step again."
            ) from error
        raise InputError(
            f"Can't use the language '{lang}': {error} Expected a language code that spaCy has, "
            "such as en, nl, fr, de, it or es. Set it with --vars.lang."
        ) from error


def make_docs(texts: Sequence[GoldText], labels: Sequence[str], lang: str) -> list[Doc]:
    """Turn gold texts into spaCy documents with every label written as 0.0 or 1.0.

    texts (Sequence[GoldText]): The texts.
    labels (Sequence[str]): All labels, in order.
    lang (str): Language code, as spaCy names it.
    RETURNS (list[Doc]): One for each text; `user_data["source"]` says where it came from.
    RAISES (InputError): spaCy has no such language, or lacks what its tokenizer needs.
    """
    nlp = make_tokenizer(lang)
    docs = []
    for text in texts:
        doc = nlp.make_doc(text.text)
        doc.cats = to_cats(text.labels, labels)
        doc.user_data[SOURCE] = text.source
        docs.append(doc)
    return docs


def write_docs(path: Path, docs: Sequence[Doc]) -> None:
    """Write gold documents.

    path (Path): A .spacy file.
    docs (Sequence[Doc]): The documents.
    """
    with atomic_file(path) as temporary:
        DocBin(docs=docs, store_user_data=True).to_disk(temporary)


def read_docs(path: Path, lang: str) -> list[Doc]:
    """Read gold documents back.

    path (Path): A .spacy file that write_docs made.
    lang (str): Language code.
    RETURNS (list[Doc]): The documents.
    """
    return list(DocBin().from_disk(path).get_docs(spacy.blank(lang).vocab))


def read_gold(path: Path, lang: str) -> Gold:
    """Read texts and gold labels back.

    path (Path): A .spacy file that write_docs made.
    lang (str): Language code.
    RETURNS (Gold): The texts and their labels, in corpus order.
    """
    docs = read_docs(path, lang)
    labels = numpy.array([list(doc.cats.values()) for doc in docs], dtype=int)
    return Gold([doc.text for doc in docs], labels)
