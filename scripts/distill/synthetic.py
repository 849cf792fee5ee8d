"""Build synthetic texts: run the configured augmenters over the training texts until there are
enough different ones.
"""

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import spacy
from confection import ConfigValidationError
from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import load_config, registry

from .augmenters import mark_sentences, read_pool_docs
from .documents import SOURCE, read_docs
from .errors import InputError, SettingError
from .mixture import Mixture
from .products import POOL_FILE, read_stats, require
from .records import GOLD, TextRow, TextsMeta, count_rows, read_texts, write_texts
from .settings import explain_setting
from .teacher_info import WORDS, read_teacher_info


class Synthetic(NamedTuple):
    """How many texts each method made, how many were dropped and why (see Mixture), how many training
    texts there are beside them, and how many of the pool.
    """

    counts: dict[str, int]
    dropped: dict[str, int]
    gold: int
    pool: int


class Recipe(NamedTuple):
    """What makes the texts, and of how many of the pool's texts they are made, beside those to train
    on.
    """

    mixture: Mixture
    pool_texts: int


def load_recipe(config: Path, overrides: dict[str, Any]) -> Recipe:
    """Load a config of synthetic texts.

    config (Path): A config with a block [mixture], and pool_texts in the block [vars].
    overrides (dict[str, Any]): Overrides by dotted config key.
    RETURNS (Recipe): What it says.
    RAISES (InputError): The config is missing, or has a setting that can't be used.
    """
    if not config.is_file():
        raise InputError(f"Can't find the config {config}. Expected blocks [mixture] and [vars].")
    try:
        loaded = load_config(config, overrides=overrides, interpolate=True)
        if "mixture" not in loaded or "pool_texts" not in loaded.get("vars", {}):
            raise SettingError("it lacks [mixture], or pool_texts in [vars].")
        mixture = registry.resolve({"mixture": loaded["mixture"]})["mixture"]
        pool_texts = int(loaded["vars"]["pool_texts"])
    # A setting that an augmenter refuses, or that isn't of its type.
    except (ValueError, ConfigValidationError) as error:
        raise InputError(
            f"Can't use {config}: {explain_setting(error)} Correct it there."
        ) from error
    if not isinstance(mixture, Mixture):
        raise InputError(
            f"Can't use {config}: [mixture] is another augmenter. Expected distill.mixture.v1."
        )
    return Recipe(mixture, pool_texts)


def make_synthetic(
    nlp: Language,
    docs: Sequence[Doc],
    mixture: Mixture,
    *,
    seed: int,
    pool: Sequence[Doc] = (),
    known: Iterable[str] = (),
    avoid: Iterable[str] = (),
    progress: Callable[[int], object] = lambda made: None,
) -> Iterator[TextRow]:
    """Make different texts of the training texts, and of unlabelled ones.

    nlp (Language): Its tokenizer is used.
    docs (Sequence[Doc]): The training texts; user_data["source"] names them.
    mixture (Mixture): Makes the texts, knows how many, and counts them.
    seed (int): Seed of the order in which texts are taken.
    pool (Sequence[Doc]): Unlabelled texts to make others of as well.
    known (Iterable[str]): More texts that are there already.
    avoid (Iterable[str]): Texts that may not be made, nor near duplicates of them: those of dev and
        test.
    progress (Callable[[int], object]): Told the number of texts made, in instalments.
    YIELDS (TextRow): The training texts (method "gold") and the new ones; fewer than asked for where no
        method finds more.
    """
    rng = random.Random(seed)
    sources = [mark_sentences(doc) for doc in [*docs, *pool]]
    mixture.avoid(avoid, known=chain(known, (doc.text for doc in sources)))
    for doc in docs:
        yield TextRow(doc.text, doc.user_data[SOURCE], GOLD)
    while sources and not mixture.finished:
        for doc in rng.sample(sources, len(sources)):
            new = mixture.propose(nlp, doc)
            if new is not None:
                progress(1)
                yield TextRow(new.text, doc.user_data[SOURCE], new.method)


def build_synthetic(
    config: Path,
    corpus: Path,
    teacher_path: Path,
    output: Path,
    *,
    lang: str,
    n_texts: int,
    tagger: str,
    seed: int,
    progress: Callable[[int], object] = lambda made: None,
) -> Synthetic:
    """Make synthetic texts of a gold corpus and its pool, and write them for the teacher with the
    pool's own. Of the pool some thousands are in memory at a time, and a key of 8 bytes for each.

    config (Path): The augmenters' config.
    corpus (Path): The folder of the gold corpus.
    teacher_path (Path): The teacher's folder: tells the mask token, and the words that it knows.
    output (Path): The Parquet file.
    lang (str): Language code.
    n_texts (int): How many texts to make, 0 or more.
    tagger (str): An installed spaCy pipeline that tags, or "lexicon" for word lists.
    seed (int): Seed of all draws.
    progress (Callable[[int], object]): Told the number of texts made, in instalments.
    RETURNS (Synthetic): How much was written.
    RAISES (InputError): An input is missing or can't be used.
    """
    stats, teacher = read_stats(corpus), read_teacher_info(teacher_path)
    pool = corpus / POOL_FILE
    require(pool, step="prepare")
    overrides = {
        "paths.train": str(corpus / "train.spacy"),
        "paths.pool": str(pool),
        "paths.vocabulary": str(words) if (words := teacher_path / WORDS).is_file() else None,
        "system.seed": seed,
        "vars.mask_token": teacher.mask_token,
        "vars.tagger": tagger,
        "vars.n_texts": n_texts,
    }
    held_out = [read_docs(corpus / f"{split}.spacy", lang) for split in ("dev", "test")]
    train = read_docs(corpus / "train.spacy", lang)
    nlp = spacy.blank(lang)
    mixture, pool_texts = load_recipe(config, overrides)
    made = make_synthetic(
        nlp,
        train,
        mixture,
        seed=seed,
        pool=read_pool_docs(nlp, pool, pool_texts, seed),
        known=(row.text for row in read_texts(pool)),
        avoid=[doc.text for docs in held_out for doc in docs],
        progress=progress,
    )
    meta = TextsMeta(
        stats["labels"], teacher.fingerprint, teacher.mask_token, seed, stats["exclusive"]
    )
    write_texts(output, chain(made, read_texts(pool)), meta)
    counts = {name: method.made for name, method in mixture.methods.items()}
    return Synthetic(counts, dict(mixture.dropped), len(train), count_rows(pool))
