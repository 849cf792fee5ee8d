"""What a word is, and which ones a transformer knows."""

import unicodedata
from typing import Any


def is_word(text: str) -> bool:
    """Tell whether a text is one word: letters, and the marks that are vowels in many scripts.

    text (str): A token, or what may be one.
    RETURNS (bool): Whether it is.
    """
    if text.isalpha() or text.isascii():
        return text.isalpha()
    kinds = {unicodedata.category(character)[0] for character in text}
    return "L" in kinds and kinds <= {"L", "M"}


def list_whole_words(tokenizer: Any) -> list[str]:
    """List the words that a vocabulary holds whole: made of letters, and split no further by their
    tokenizer.

    tokenizer (PreTrainedTokenizerBase): A tokenizer of transformers'.
    RETURNS (list[str]): The words, in the order of its vocabulary: from frequent to rare, as WordPiece
        and BPE are built.
    """
    pieces = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
    special = set(tokenizer.all_special_tokens)
    # WordPiece marks what goes on a word ("##ing"), the others what begins one ("Ġgood", "▁good").
    words = [piece.lstrip("Ġ▁") for piece, _ in pieces if piece not in special]
    words = list(dict.fromkeys(word for word in words if is_word(word)))
    split = tokenizer([f" {word}" for word in words], add_special_tokens=False)["input_ids"]
    return [word for word, ids in zip(words, split) if len(ids) == 1]
