"""What is saved of a student: a plain spaCy pipeline."""

from collections.abc import Callable

import spacy
from spacy.language import Language
from spacy.util import registry

# The built-in factory that each of ours becomes.
PLAIN_FACTORIES: dict[str, str] = {
    "textcat_distill": "textcat",
    "textcat_multilabel_distill": "textcat_multilabel",
}
# What meta.json says of a pipeline that doesn't follow from its parts.
DESCRIPTION = (
    *("name", "version", "description", "author", "email", "url", "license"),
    *("performance", "requirements", "sources"),
)


@registry.callbacks("distill.plain_textcat.v1")
def make_plain_textcat() -> Callable[[Language], Language]:
    """Make the callback for `[training.before_to_disk]` that takes a student out of its training
    clothes.

    RETURNS (Callable[[Language], Language]): `to_plain_textcat`.
    """
    return to_plain_textcat


def to_plain_textcat(nlp: Language) -> Language:
    """Rebuild a pipeline with spaCy's own text categorizers in the place of ours, weights copied.

    The result holds no reference to this project, neither in its components nor in its training
    settings: it loads on a machine that has spaCy alone, and gives the same scores.

    nlp (Language): A pipeline of tokenizer and textcat_distill or textcat_multilabel_distill.
    RETURNS (Language): The plain pipeline; the one passed in is left as it is.
    """
    settings = {key: nlp.config["nlp"][key] for key in ("batch_size", "tokenizer")}
    plain = spacy.blank(nlp.lang, config={"nlp": settings})
    plain.tokenizer.from_bytes(nlp.tokenizer.to_bytes())
    plain.vocab.from_bytes(nlp.vocab.to_bytes())
    components = nlp.config.interpolate()["components"]
    for name, pipe in nlp.pipeline:
        config = dict(components[name])
        factory = config.pop("factory")
        if factory in PLAIN_FACTORIES:
            factory = PLAIN_FACTORIES[factory]
            config.pop("loss")
        plain.add_pipe(factory, name=name, config=config)
        plain.get_pipe(name).from_bytes(pipe.to_bytes(exclude=["vocab"]), exclude=["vocab"])
    plain.meta.update({key: nlp.meta[key] for key in DESCRIPTION if key in nlp.meta})
    return plain
