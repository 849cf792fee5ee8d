"""A mixture of augmenters: so many different texts, of which each method makes its share."""

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import registry

from .augmenters import Augmenter, TextAugmenter
from .documents import SOURCE
from .duplicates import NearIndex, is_near, make_key, normalize, shingles
from .errors import SettingError
from .settings import check_least

# A method is exhausted when so many tries have given so small a share of new texts.
TRIES = 200
MIN_NEW_SHARE = 0.05
# Texts made of one text that are so alike teach the same. Masks and swaps leave much as it was: what
# counts as a near duplicate among gold texts would rule them out.
ALIKE_JACCARD = 0.9
# With so many of the latest ones a new text is compared.
COMPARED = 64
# What a variant's user_data calls the method that made it.
METHOD = "method"


Made = TypeVar("Made")


class Proposal(NamedTuple):
    """A new text, and the name of the method that made it."""

    method: str
    text: str


def _get_text(example: Example) -> str:
    return example.reference.text


@dataclass
class Method:
    """A way to make texts.

    augmenter (Augmenter): Makes one.
    weight (float): Its share of the texts, in relation to the others'.
    made (int): How many texts it has made that were kept.
    """

    augmenter: Augmenter
    weight: float
    made: int = 0
    _tries: int = 0
    _new: int = 0

    def note(self, new: bool) -> bool:
        """Note a try.

        new (bool): Whether it has given a new text.
        RETURNS (bool): Whether the method is exhausted.
        """
        self.made += new
        self._tries, self._new = self._tries + 1, self._new + new
        if self._tries < TRIES:
            return False
        exhausted = self._new < MIN_NEW_SHARE * TRIES
        self._tries = self._new = 0
        return exhausted


@dataclass
class Mixture:
    """An augmenter that runs others in turn and keeps what is new. See create_mixture_augmenter.

    methods (dict[str, Method]): The methods by name.
    n_texts (int | None): How many texts to make.
    dropped (Counter): Texts that were not kept, by reason: "repeated" (but for case, punctuation and
        spacing the same as another), "alike" (nearly another that was made of the same text),
        "held out" (exactly or nearly a text that was to be avoided).
    """

    methods: dict[str, Method]
    n_texts: int | None = None
    dropped: Counter = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._active = list(self.methods)
        self._seen: set[bytes] = set()
        self._avoided: set[str] = set()
        self._near_avoided = NearIndex()
        self._made: dict[str, deque[frozenset[int]]] = defaultdict(lambda: deque(maxlen=COMPARED))

    @property
    def finished(self) -> bool:
        """Whether there are as many texts as asked for, or no method finds more."""
        made = sum(method.made for method in self.methods.values())
        return not self._active or (self.n_texts is not None and made >= self.n_texts)

    def avoid(self, held_out: Iterable[str], known: Iterable[str] = ()) -> None:
        """Name texts that may not be made.

        held_out (Iterable[str]): Texts to keep away from, such as those of dev and test: neither they
            nor near duplicates of them are made.
        known (Iterable[str]): Texts that are there already, such as those to train on.
        """
        self._seen.update(make_key(normalize(text)) for text in known)
        for text in held_out:
            self._avoided.add(normalize(text))
            self._near_avoided.add(text)

    def __call__(self, nlp: Language, example: Example) -> Iterator[Example]:
        """Make a text by the method that is furthest behind its share; where it can't, by the next.

        nlp (Language): Its tokenizer is used.
        example (Example): The text to start from.
        YIELDS (Example): The new one, or none. `reference.user_data["method"]` names the method.
        """
        source = example.reference.user_data.get(SOURCE, "")
        found = self._find_new(lambda augmenter: augmenter(nlp, example), _get_text, source)
        if found is not None:
            name, new = found
            new.reference.user_data[METHOD] = name
            yield new

    def propose(self, nlp: Language, doc: Doc) -> Proposal | None:
        """Make a text as a call does, but the text alone: its tokens are what takes longest.

        nlp (Language): Its tokenizer is used by augmenters that don't propose texts.
        doc (Doc): The text to start from.
        RETURNS (Proposal | None): The new text, if there is one.
        """

        def list_texts(augmenter: Augmenter) -> Iterator[str]:
            if isinstance(augmenter, TextAugmenter):
                text = augmenter.propose(nlp, doc)
                return iter(() if text is None else (text,))
            return map(_get_text, augmenter(nlp, Example(nlp.make_doc(doc.text), doc)))

        found = self._find_new(list_texts, str, doc.user_data.get(SOURCE, ""))
        return Proposal(*found) if found else None

    def _find_new(
        self,
        make: Callable[[Augmenter], Iterable[Made]],
        get_text: Callable[[Made], str],
        source: str,
    ) -> tuple[str, Made] | None:
        if self.finished:
            return None
        for name in sorted(self._active, key=self._lead):
            method = self.methods[name]
            made = make(method.augmenter)
            new = next((one for one in made if self._is_new(get_text(one), source)), None)
            if method.note(new is not None):
                self._active.remove(name)
            if new is not None:
                return name, new
        return None

    def _lead(self, name: str) -> float:
        return (self.methods[name].made + 1) / self.methods[name].weight

    def _is_new(self, text: str, source: str) -> bool:
        normalized = normalize(text)
        key = make_key(normalized)
        if not normalized or key in self._seen:
            self.dropped["repeated"] += 1
            return False
        own = shingles(normalized)
        if normalized in self._avoided or self._near_avoided.has(own):
            self.dropped["held out"] += 1
            return False
        # Shorter texts are never that alike unless they are the same.
        if len(own) * (1 - ALIKE_JACCARD) > 1:
            made = self._made[source]
            if any(is_near(own, other, ALIKE_JACCARD) for other in made):
                self.dropped["alike"] += 1
                return False
            made.append(own)
        self._seen.add(key)
        return True


@registry.augmenters("distill.mixture.v1")
def create_mixture_augmenter(
    methods: dict[str, Any],  # confection compares what isn't built yet with this type
    weights: dict[str, float],
    n_texts: int | None = None,
) -> Mixture:
    """Mix augmenters: for each text another method makes one of it, so that all come to their shares.

    Texts are different when they differ in more than case, punctuation and spacing; of two that were
    made of one text and are nearly the same, one is kept. A method that runs out of new texts leaves
    its share to the others. It remembers what it has made for as long as it lives: as the augmenter of a
    corpus that is read over and over it makes other texts each time, and ever fewer of short texts.

    methods (dict[str, Augmenter]): The augmenters by name.
    weights (dict[str, float]): The share of each, 0 or more; what they add up to doesn't matter.
    n_texts (int | None): How many texts to make in all. None: no end.
    RETURNS (Mixture): The augmenter.
    RAISES (ValueError): The names differ, or a number is out of range.
    """
    if set(weights) != set(methods):
        raise SettingError(
            f"Can't use weights for {', '.join(sorted(weights))} in distill.mixture.v1: its methods "
            f"are {', '.join(sorted(methods))}. Expected the same names."
        )
    if not all(0 <= weight < float("inf") for weight in weights.values()) or not any(
        weights.values()
    ):
        raise SettingError(
            f"Can't use weights = {weights} in distill.mixture.v1. Expected numbers of 0 or more, one "
            "above 0."
        )
    if n_texts is not None:
        check_least("n_texts", n_texts, 0, "distill.mixture.v1")
    used = {name: Method(methods[name], weights[name]) for name in methods if weights[name] > 0}
    return Mixture(used, n_texts)
