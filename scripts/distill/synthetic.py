"""Build synthetic texts: run the configured augmenters over the training texts until there are
enough different ones.
"""

import random
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import spacy
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import load_config, registry

from .augmenters import Augmenter
from .documents import SOURCE, read_docs
from .duplicates import normalize
from .errors import InputError
from .products import read_stats
from .records import GOLD, TextRow, TextsMeta, write_texts
from .teacher_info import TeacherInfo

# A method counts as exhausted when a pass over its bases gives so small a share of new texts.
MIN_NEW_SHARE = 0.05


class Synthetic(NamedTuple):
    """The training texts, the texts made of them, and how many each method made."""

    rows: list[TextRow]
    counts: dict[str, int]


class Method(NamedTuple):
    """A way to make texts: the augmenter, its share of the texts, and the methods whose texts it
    starts from ("gold": the training texts).
    """

    augmenter: Augmenter
    weight: float
    bases: list[str]


def load_methods(config: Path, overrides: dict[str, Any]) -> dict[str, Method]:
    """Load the methods of a config.

    config (Path): A config with a block [augmenters.NAME] for each method, its share in [weights]
        and what it starts from in [bases].
    overrides (Dict[str, Any]): Overrides by dotted config key.
    RETURNS (Dict[str, Method]): Methods with a weight above 0 by name, each after its bases.
    RAISES (InputError): The config is missing, or its blocks don't fit each other.
    """
    if not config.is_file():
        raise InputError(f"Can't find the config {config}. Expected augmenters and their weights.")
    loaded = load_config(config, overrides=overrides, interpolate=True)
    weights: dict[str, float] = dict(loaded["weights"])
    bases: dict[str, list[str]] = dict(loaded["bases"])
    names = set(loaded["augmenters"])
    for block, content in (("weights", weights), ("bases", bases)):
        if set(content) != names:
            raise InputError(
                f"Can't use {config}: [{block}] names {', '.join(sorted(content))}, [augmenters] "
                f"{', '.join(sorted(names))}. Expected the same names."
            )
    if any(weight < 0 for weight in weights.values()) or not any(weights.values()):
        raise InputError(
            f"Can't use {config}: the weights are {weights}. Expected numbers of 0 or more, one "
            "above 0."
        )
    used = {name: loaded["augmenters"][name] for name in names if weights[name] > 0}
    augmenters = registry.resolve({"augmenters": used})["augmenters"]
    methods: dict[str, Method] = {}
    waiting = [name for name in loaded["augmenters"] if name in used]
    while waiting:
        ready = [name for name in waiting if set(bases[name]) <= {GOLD, *methods}]
        if not ready:
            raise InputError(
                f"Can't use {config}: in [bases], {', '.join(waiting)} start from methods that are "
                f"unknown, have no weight, or start from them in turn. Expected '{GOLD}' or names "
                "of other methods."
            )
        methods.update(
            {name: Method(augmenters[name], weights[name], bases[name]) for name in ready}
        )
        waiting = [name for name in waiting if name not in methods]
    return methods


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
    runs out of new texts leaves its share to those after it, and then to those before it.

    nlp (Language): Its tokenizer is used.
    docs (Sequence[Doc]): The training texts; user_data["source"] names them.
    methods (Dict[str, Method]): The methods by name, each after its bases.
    n_texts (int): How many texts to make.
    seed (int): Seed of the order in which texts are taken.
    avoid (Iterable[str]): Texts that may not be made: those of dev and test.
    progress (Callable[[int], object]): Told the number of texts made, in instalments.
    RETURNS (Synthetic): The training texts (method "gold") and the new ones; fewer than asked for
        where no method finds more.
    """
    rng = random.Random(seed)
    made: dict[str, list[Example]] = {name: [] for name in methods}
    made[GOLD] = [Example(nlp.make_doc(doc.text), doc) for doc in docs]
    seen = {normalize(text) for text in avoid} | {normalize(doc.text) for doc in docs}
    active = list(methods)
    while active:
        for name in list(active):
            missing = n_texts - sum(len(made[method]) for method in methods)
            later = active[active.index(name) :]
            share = methods[name].weight / sum(methods[method].weight for method in later)
            quota = round(missing * share)
            bases = [example for base in methods[name].bases for example in made[base]]
            new = _run(nlp, methods[name].augmenter, bases, quota, seen, rng, progress)
            made[name].extend(new)
            if len(new) < quota:
                active.remove(name)
        if sum(len(made[method]) for method in methods) >= n_texts:
            break
    rows = [
        TextRow(example.reference.text, example.reference.user_data[SOURCE], name)
        for name in (GOLD, *methods)
        for example in made[name]
    ]
    return Synthetic(rows, {name: len(made[name]) for name in methods})


def _run(
    nlp: Language,
    augmenter: Augmenter,
    bases: Sequence[Example],
    quota: int,
    seen: set[str],
    rng: random.Random,
    progress: Callable[[int], object],
) -> list[Example]:
    """Run one method until its quota is met or it is exhausted."""
    made: list[Example] = []
    while len(made) < quota and bases:
        before = len(made)
        for base in rng.sample(bases, len(bases)):
            for variant in augmenter(nlp, base):
                key = normalize(variant.reference.text)
                if key and key not in seen and len(made) < quota:
                    seen.add(key)
                    made.append(variant)
            if len(made) == quota:
                break
        progress(len(made) - before)
        if len(made) < quota and len(made) - before < MIN_NEW_SHARE * len(bases):
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
    """Make synthetic texts of a gold corpus and write them for the teacher.

    config (Path): The augmenters' config.
    corpus (Path): The folder of the gold corpus.
    teacher (TeacherInfo): Tells the mask token.
    output (Path): The Parquet file.
    lang (str): Language code.
    n_texts (int): How many texts to make, 0 or more.
    tagger (str): An installed spaCy pipeline that tags, or "" for word lists.
    seed (int): Seed of all draws.
    progress (Callable[[int], object]): Told the number of texts made, in instalments.
    RETURNS (Synthetic): What was written.
    RAISES (InputError): An input is missing or can't be used.
    """
    labels = read_stats(corpus)["labels"]
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
    meta = TextsMeta(labels, teacher.fingerprint, teacher.mask_token, seed)
    write_texts(output, synthetic.rows, meta)
    return synthetic
