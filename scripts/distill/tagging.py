"""Part-of-speech classes for swapping words: from an installed pipeline, or from word lists."""

from collections.abc import Callable, Container, Sequence
from functools import cache
from itertools import pairwise
from typing import Any, NamedTuple

import spacy
from spacy.language import Language
from spacy.lookups import load_lookups
from spacy.tokens import Doc

from .errors import InputError
from .vocabulary import is_word

# The name of the tagger that needs no pipeline.
LEXICON = "lexicon"
# Components of a pipeline that tags don't depend on.
NOT_FOR_TAGS = ["parser", "ner", "lemmatizer", "senter", "textcat", "entity_linker"]
# A tag for each token; "" for a token that is not to be swapped.
Tagger = Callable[[Doc], list[str]]
# The open classes of words, as spacy-lookups-data's tables name them.
OPEN_CLASSES = ("adj", "adv", "noun", "verb")
APOSTROPHES = "'\N{RIGHT SINGLE QUOTATION MARK}"
# Endings that stand for inflection and derivation where a language has no tables.
ENDING_LETTERS = 3


def make_tagger(nlp: Language, name: str = LEXICON) -> Tagger:
    """Make a tagger for the texts of a pipeline.

    nlp (Language): Tells the language.
    name (str): Name or path of an installed spaCy pipeline with a tagger or morphologizer, or
        "lexicon" for the lexicon tagger.
    RETURNS (Tagger): Gives a tag for each token of a document; words with the same tag can stand
        in each other's place.
    RAISES (InputError): The pipeline can't be loaded or doesn't tag.
    """
    tag = make_lexicon_tagger(nlp) if name == LEXICON else make_pipeline_tagger(name)
    return lambda doc: mark_elisions(doc, tag(doc))


def mark_elisions(doc: Doc, tags: Sequence[str]) -> list[str]:
    """Set apart what follows an elision, as "écran" in "l'écran": only what has been met after one can
    stand there, and no consonant.

    doc (Doc): The document.
    tags (Sequence[str]): A tag for each of its tokens, or "".
    RETURNS (list[str]): The tags, with an apostrophe added where an elided word goes before.
    """
    marked = list(tags)
    for before, token in pairwise(doc):
        elided = len(before) > 1 and before.text[-1] in APOSTROPHES and not before.whitespace_
        if elided and marked[token.i]:
            marked[token.i] += APOSTROPHES[0]
    return marked


def make_pipeline_tagger(name: str) -> Tagger:
    """Make a tagger of an installed spaCy pipeline: fine-grained tag and morphology.

    name (str): Name or path of the pipeline.
    RETURNS (Tagger): The tagger.
    RAISES (InputError): The pipeline can't be loaded or doesn't tag.
    """
    remedy = "Install it, or set --vars.tagger lexicon to use the word lists."
    try:
        nlp = spacy.load(name, exclude=NOT_FOR_TAGS)
    except OSError as error:
        raise InputError(f"Can't load the tagger '{name}': {error} {remedy}") from error
    if not {"tagger", "morphologizer"} & set(nlp.pipe_names):
        raise InputError(
            f"Can't tag with '{name}': expected a tagger or a morphologizer in the pipeline, found: "
            f"{', '.join(nlp.pipe_names)}. {remedy}"
        )

    def tag(doc: Doc) -> list[str]:
        words = [token.text for token in doc]
        tagged = Doc(nlp.vocab, words=words, spaces=[bool(token.whitespace_) for token in doc])
        for _, pipe in nlp.pipeline:
            tagged = pipe(tagged)
        return [f"{t.tag_ or t.pos_}|{t.morph}" if is_word(t.text) else "" for t in tagged]

    return tag


def describe_tagger(lang: str, name: str) -> str:
    """Say where parts of speech come from.

    lang (str): Language code.
    name (str): See make_tagger.
    RETURNS (str): A few words.
    """
    if name != LEXICON:
        return name
    return "word lists" if _load_classes(lang) else f"last letters (no word lists for '{lang}')"


def make_lexicon_tagger(nlp: Language) -> Tagger:
    """Make a tagger of spacy-lookups-data's lemmatization tables.

    A word's tag names every open class (noun, verb, adjective, adverb) that the tables know it in,
    each with the last letter of the ending that the rules of the language strip from it, such as
    `noun:s` for "batteries" and "lamps"; so plural nouns change places with plural nouns. Words of
    closed classes and stop words get no tag. Where a language has no such tables, the last three
    letters and the case of a word stand for its class.

    nlp (Language): Tells the language.
    RETURNS (Tagger): The tagger.
    """
    classes = _load_classes(nlp.lang)
    tags: dict[str, str] = {}

    def tag_word(word: str) -> str:
        if word not in tags:
            lexemes = [nlp.vocab[word], nlp.vocab[word.lower()]]
            swappable = is_word(word) and not any(lexeme.is_stop for lexeme in lexemes)
            tags[word] = _tag(word, classes) if swappable else ""
        return tags[word]

    def tag(doc: Doc) -> list[str]:
        return [tag_word(token.text) for token in doc]

    return tag


class WordClass(NamedTuple):
    """An open class: its words (as containers to ask), and the endings that inflect them, each with
    what may stand in its place in the lemma.
    """

    name: str
    words: list[Container[str]]
    endings: dict[str, list[str]]

    def has(self, word: str) -> bool:
        """Whether the class has this very form."""
        return any(word in words for words in self.words)


@cache
def _load_classes(lang: str) -> list[WordClass]:
    names = ["lemma_index", "lemma_exc", "lemma_rules"]
    names += [f"lemma_lookup_{name}" for name in OPEN_CLASSES]
    tables = load_lookups(lang, names, strict=False)

    def get(table: str) -> Any:
        return tables.get_table(table) if tables.has_table(table) else {}

    classes = []
    for name in OPEN_CLASSES:
        words = [get("lemma_index").get(name), get("lemma_exc").get(name)]
        words.append(get(f"lemma_lookup_{name}"))
        endings: dict[str, list[str]] = {}
        for old, new in get("lemma_rules").get(name, ()):
            if old and old != new:
                endings.setdefault(old, []).append(new)
        found = [set(table) if isinstance(table, list) else table for table in words if table]
        if found:
            classes.append(WordClass(name, found, endings))
    return classes


def _tag(word: str, classes: list[WordClass]) -> str:
    if not classes:
        return f"{word[-ENDING_LETTERS:].lower()}|{word[0].isupper()}"
    form = word.lower()
    tags = []
    for word_class in classes:
        if word_class.has(form):
            tags.append(word_class.name)
            continue
        for ending in sorted(word_class.endings, key=len, reverse=True):
            stem = form[: -len(ending)]
            if form.endswith(ending) and any(
                word_class.has(stem + lemma_ending) for lemma_ending in word_class.endings[ending]
            ):
                tags.append(f"{word_class.name}:{ending[-1]}")
                break
    return "|".join(tags)
