"""Build synthetic texts: run the configured augmenters over the training texts until there are
enough different ones.
"""

import math
import random
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import spacy
from confection import ConfigValidationError
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import load_config, registry

from .augmenters import Augmenter
from .documents import SOURCE, read_docs
from .duplicates import normalize
from .errors import InputError
from .products import POOL_FILE, read_stats, require
from .records import GOLD, TextRow, TextsMeta, read_texts, write_texts
from .teacher_info import TeacherInfo

# A method counts as exhausted when a pass over the texts gives so small a share of new texts.
MIN_NEW_SHARE = 0.05


class Synthetic(NamedTuple):
    """The training texts, the texts made of them and those of the pool; how many each method made, and
    how many the pool held.
    """

    rows: list[TextRow]
    counts: dict[str, int]
    pool: int = 0


class Method(NamedTuple):
    """A way to make texts: the augmenter, and its share of the texts."""

    augmenter: Augmenter
    weight: float


def load_methods(config: Path, overrides: dict[str, Any]) -> dict[str, Method]:
    """Load the methods of a config.

    config (Path): A config with a block [augmenters.NAME] for each method and its share in
        [weights].
    overrides (dict[str, Any]): Overrides by dotted config key.
    RETURNS (dict[str, Method]): Methods with a weight above 0, by name.
    RAISES (InputError): The config is missing, or its blocks don't fit each other.
    """
    if not config.is_file():
        raise InputError(f"Can't find the config {config}. Expected augmenters and their weights.")
    loaded = load_config(config, overrides=overrides, interpolate=True)
    weights: dict[str, float] = dict(loaded["weights"])
    if set(weights) != set(loaded["augmenters"]):
        raise InputError(
            f"Can't use {config}: [weights] names {', '.join(sorted(weights))}, [augmenters] "
            f"{', '.join(sorted(loaded['augmenters']))}. Expected the same names."
        )
    if any(weight < 0 for weight in weights.values()) or not any(weights.values()):
        raise InputError(
            f"Can't use {config}: the weights are {weights}. Expected numbers of 0 or more, one "
            "above 0."
        )
    used = {name: block for name, block in loaded["augmenters"].items() if weights[name] > 0}
    try:
        augmenters = registry.resolve({"augmenters": used})["augmenters"]
    # A setting that an augmenter refuses, or that isn't of its type.
    except (ValueError, ConfigValidationError) as error:
        raise InputError(
            f"Can't use {config}: {str(error).strip()} Correct the setting, or set the method's weight "
            "to 0."
        ) from error
    return {name: Method(augmenters[name], weights[name]) for name in augmenters}


def make_synthetic(
    nlp: Language,
    docs: Sequence[Doc],
    methods: dict[str, Method],
    n_texts: int,
    *,
    seed: int,
    avoid: Iterable[str] = (),
    progress: Callable[[int], object] = lambda made: None,
) -> Synthetic:
    """Make different texts of the training texts.

    Texts are different when they differ in more than case, punctuation and spacing. A method that
    runs out of new texts leaves its share to the others.

    nlp (Language): Its tokenizer is used.
    docs (Sequence[Doc]): The training texts; user_data["source"] names them.
    methods (dict[str, Method]): The methods by name.
    n_texts (int): How many texts to make.
    seed (int): Seed of the order in which texts are taken.
    avoid (Iterable[str]): Texts that may not be made: those of dev and test.
    progress (Callable[[int], object]): Told the number of texts made, in instalments.
    RETURNS (Synthetic): The training texts (method "gold") and the new ones; fewer than asked for
        where no method finds more.
    """
    rng = random.Random(seed)
    examples = [Example(nlp.make_doc(doc.text), doc) for doc in docs]
    seen = {normalize(text) for text in avoid} | {normalize(doc.text) for doc in docs}
    made: dict[str, list[TextRow]] = {name: [] for name in methods}
    active = list(methods)
    while active and (missing := n_texts - sum(map(len, made.values()))) > 0:
        total = sum(methods[name].weight for name in active)
        for name in list(active):
            left = n_texts - sum(map(len, made.values()))
            quota = min(math.ceil(missing * methods[name].weight / total), left)
            augmenter = methods[name].augmenter
            new = _run(nlp, name, augmenter, examples, quota, seen, rng, progress)
            made[name].extend(new)
            if len(new) < quota:
                active.remove(name)
    rows = [TextRow(doc.text, doc.user_data[SOURCE], GOLD) for doc in docs]
    rows += [row for name in methods for row in made[name]]
    return Synthetic(rows, {name: len(made[name]) for name in methods})


def _run(
    nlp: Language,
    name: str,
    augmenter: Augmenter,
    examples: Sequence[Example],
    quota: int,
    seen: set[str],
    rng: random.Random,
    progress: Callable[[int], object],
) -> list[TextRow]:
    """Run one method until its quota is met or it is exhausted."""
    made: list[TextRow] = []
    while len(made) < quota:
        before = len(made)
        for example in rng.sample(examples, len(examples)):
            for variant in augmenter(nlp, example):
                text = variant.reference.text
                key = normalize(text)
                if key and key not in seen and len(made) < quota:
                    seen.add(key)
                    made.append(TextRow(text, variant.reference.user_data[SOURCE], name))
        progress(len(made) - before)
        if len(made) < quota and len(made) - before < MIN_NEW_SHARE * len(examples):
            break
    return made


def build_synthetic(
    config: Path,
    corpus: Path,
    teacher: TeacherInfo,
    output: Path,
    *,
    lang: str,
    n_texts: int,
    tagger: str,
    seed: int,
    progress: Callable[[int], object] = lambda made: None,
) -> Synthetic:
    """Make synthetic texts of a gold corpus and write them for the teacher, with the pool's.

    config (Path): The augmenters' config.
    corpus (Path): The folder of the gold corpus.
    teacher (TeacherInfo): Tells the mask token.
    output (Path): The Parquet file.
    lang (str): Language code.
    n_texts (int): How many texts to make, 0 or more.
    tagger (str): An installed spaCy pipeline that tags, or "lexicon" for word lists.
    seed (int): Seed of all draws.
    progress (Callable[[int], object]): Told the number of texts made, in instalments.
    RETURNS (Synthetic): What was written.
    RAISES (InputError): An input is missing or can't be used.
    """
    labels = read_stats(corpus)["labels"]
    require(corpus / POOL_FILE, step="prepare")
    overrides = {
        "paths.train": str(corpus / "train.spacy"),
        "system.seed": seed,
        "vars.mask_token": teacher.mask_token,
        "vars.tagger": tagger,
    }
    held_out = [read_docs(corpus / f"{split}.spacy", lang) for split in ("dev", "test")]
    synthetic = make_synthetic(
        spacy.blank(lang),
        read_docs(corpus / "train.spacy", lang),
        load_methods(config, overrides),
        n_texts,
        seed=seed,
        avoid=[doc.text for docs in held_out for doc in docs],
        progress=progress,
    )
    pool = list(read_texts(corpus / POOL_FILE))
    meta = TextsMeta(labels, teacher.fingerprint, teacher.mask_token, seed)
    write_texts(output, [*synthetic.rows, *pool], meta)
    return synthetic._replace(rows=[*synthetic.rows, *pool], pool=len(pool))
