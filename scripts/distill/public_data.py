"""Public data sets: the forms that they are published in, and reading them."""

import csv
import io
import json
import re
import tarfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from .errors import InputError

FETCH = "python -m spacy project assets --extra ."
REPLACE = f"Delete the file and fetch it again with `{FETCH}`."
# How much of a bad row a message shows.
SHOWN_CHARACTERS = 100
LINE_BREAKS = re.compile(r"(<br />)+")
REVIEW_FILE = re.compile(r"aclImdb/(train|test)/(pos|neg)/[^/]+\.txt")
EMOTIONS = ("anger", "anticipation", "disgust", "fear", "joy", "sadness", "surprise", "trust")
EMOTION_NUMBERS = re.compile(r" *[1-8]( *, *[1-8])* *")
TWEET_LABELS = {"0": "hate", "1": "offensive", "2": "neither"}
LANGS = ("en", "nl", "fr", "de", "it", "es")


class PublicText(NamedTuple):
    """A text as published: its labels (none where it is for the pool alone), and the part of the data
    that its makers put it in ("train" or "test"; empty where they made no parts).
    """

    text: str
    labels: list[str] | None
    part: str = ""


class RawRow(NamedTuple):
    """A row of a file as it was read, and how to find it: "row 3", or a file of an archive."""

    where: str
    content: Any


class Sizes(NamedTuple):
    """How many texts each split is to have at most; of the pool, None: all that are left."""

    train: int
    dev: int
    test: int
    pool: int | None


@dataclass(frozen=True)
class PublicSet:
    """A public data set.

    file (str): What its file is called where it is published.
    rows (Callable[[Path], Iterator[RawRow]]): Reads the rows of the file as published.
    parse (Callable[[RawRow], PublicText]): Reads one of them; raises a ValueError that says what was
        found and what was expected.
    column (str): What a text's labels are called in the result: `label` (one a text) or `labels`.
    sizes (Sizes): How many texts the splits have.
    """

    file: str
    rows: Callable[[Path], Iterator[RawRow]]
    parse: Callable[[RawRow], PublicText]
    column: str
    sizes: Sizes


class RawTexts(NamedTuple):
    """The texts of a file, and how many of its rows were invalid."""

    texts: list[PublicText]
    invalid: int


def _read_lines(path: Path) -> Iterator[RawRow]:
    # Not splitlines(): it also splits at characters that may stand inside a text.
    for number, line in enumerate(path.read_text(encoding="utf-8-sig").split("\n"), 1):
        if line.strip():
            yield RawRow(f"row {number}", line.rstrip("\r"))


def _read_csv(path: Path) -> Iterator[RawRow]:
    content = io.StringIO(path.read_text(encoding="utf-8-sig"), newline="")
    for number, row in enumerate(csv.DictReader(content), 1):
        yield RawRow(f"row {number}", row)


def _read_archive(path: Path) -> Iterator[RawRow]:
    """Read the labelled reviews of a tar.gz, which is not unpacked."""
    with tarfile.open(path, "r:gz") as archive:
        for member in archive:
            file = archive.extractfile(member) if REVIEW_FILE.fullmatch(member.name) else None
            if file is not None:
                yield RawRow(member.name, file.read())


def _check_text(text: Any, name: str) -> str:
    if not isinstance(text, str) or not text.strip():
        raise ValueError(f"found {_shorten(text)} as {name}, expected a text")
    return text.strip()


def _shorten(content: Any) -> str:
    shown = repr(content)
    return shown if len(shown) <= SHOWN_CHARACTERS else f"{shown[:SHOWN_CHARACTERS]}..."


def parse_review(row: RawRow) -> PublicText:
    """Read a product review of NLP Town's corpus: a JSON object with `title`, `body` and `rating`, which
    is "pos", "neg" or "mixed". Mixed ones are for the pool.

    row (RawRow): A line of the file.
    RETURNS (PublicText): Title and body as one text.
    RAISES (ValueError): The line is of another form.
    """
    try:
        review = json.loads(row.content)
        title, body, rating = (review[name] for name in ("title", "body", "rating"))
    except (ValueError, KeyError, TypeError):
        raise ValueError(
            f"found {_shorten(row.content)}, expected a JSON object with 'title', 'body' and 'rating'"
        ) from None
    if rating not in ("pos", "neg", "mixed"):
        raise ValueError(f"found {_shorten(rating)} as 'rating', expected 'pos', 'neg' or 'mixed'")
    text = _check_text(body, "'body'")
    if title:
        text = _check_text(title, "'title'") + f". {text}"
    return PublicText(text, None if rating == "mixed" else [rating])


def parse_film_review(row: RawRow) -> PublicText:
    """Read a review of the Large Movie Review Dataset (Maas et al. 2011): a file whose folder is the
    label. HTML line breaks become spaces.

    row (RawRow): A file of the archive.
    RETURNS (PublicText): The review, in the part that the archive has it in.
    RAISES (ValueError): The file is no UTF-8 text, or empty.
    """
    (part, label) = REVIEW_FILE.fullmatch(row.where).groups()  # type: ignore[union-attr]
    try:
        text = row.content.decode("utf8")
    except UnicodeDecodeError as error:
        raise ValueError(f"found {error.reason} at byte {error.start}, expected UTF-8") from None
    return PublicText(_check_text(LINE_BREAKS.sub(" ", text), "the review"), [label], part)


def parse_subtitle(row: RawRow) -> PublicText:
    """Read a subtitle of XED (Öhman et al. 2020): a text, a tab, and the numbers of its emotions. Texts
    with quotation marks are quoted as in CSV in some of its files.

    row (RawRow): A line of the file.
    RETURNS (PublicText): The text with the names of its emotions.
    RAISES (ValueError): The line is of another form.
    """
    text, *numbers = row.content.split("\t")
    if len(numbers) != 1 or not EMOTION_NUMBERS.fullmatch(numbers[0]):
        raise ValueError(
            f"found {_shorten(row.content)}, expected a text, a tab and numbers from 1 to 8, such as "
            "'1, 4'"
        )
    inner = text[1:-1].replace('""', "")
    if len(text) > 1 and text[0] == text[-1] == '"' and '"' not in inner:
        text = text[1:-1].replace('""', '"')
    found = sorted({int(number) for number in numbers[0].split(",")})
    return PublicText(_check_text(text, "the text"), [EMOTIONS[number - 1] for number in found])


def parse_tweet(row: RawRow) -> PublicText:
    """Read a tweet of the hate speech and offensive language data (Davidson et al. 2017).

    row (RawRow): A row of the table, by column.
    RETURNS (PublicText): The tweet with the label that most annotators gave it.
    RAISES (ValueError): The row has other columns, or no known class.
    """
    content = row.content
    if not {"class", "tweet"} <= set(content):
        columns = ", ".join(str(name) for name in content)
        raise ValueError(f"found the columns {columns}, expected 'class' and 'tweet' among them")
    if None in content or None in content.values():
        raise ValueError(f"found {_shorten(list(content.values()))}, expected a field a column")
    if content["class"] not in TWEET_LABELS:
        raise ValueError(f"found {content['class']!r} as 'class', expected 0, 1 or 2")
    return PublicText(_check_text(content["tweet"], "'tweet'"), [TWEET_LABELS[content["class"]]])


def _make_sets() -> dict[str, PublicSet]:
    sizes = Sizes(800, 200, 1000, 1000)
    nlptown = PublicSet("review_corpus_en.ndjson", _read_lines, parse_review, "label", sizes)
    sizes = Sizes(1000, 1000, 1000, 5000)
    imdb = PublicSet("aclImdb_v1.tar.gz", _read_archive, parse_film_review, "label", sizes)
    sizes = Sizes(3000, 1000, 2000, 10000)
    tweets = PublicSet("labeled_data.csv", _read_csv, parse_tweet, "label", sizes)
    sets = {"nlptown": nlptown, "imdb": imdb, "tweets": tweets}
    for lang in LANGS:
        sizes = Sizes(2491, 498, 1246, None) if lang == "nl" else Sizes(2000, 500, 1000, None)
        file = "en-annotated.tsv" if lang == "en" else f"{lang}-projections.tsv"
        sets[f"xed-{lang}"] = PublicSet(file, _read_lines, parse_subtitle, "labels", sizes)
    return sets


SETS: Mapping[str, PublicSet] = _make_sets()


def get_set(name: str) -> PublicSet:
    """Look a public data set up by name.

    name (str): One of SETS.
    RETURNS (PublicSet): The set.
    RAISES (InputError): There is no such set.
    """
    if name not in SETS:
        raise InputError(
            f"Can't find the public data set '{name}'. Expected one of: {', '.join(SETS)}. Set it with "
            "--vars.public."
        )
    return SETS[name]


def require_raw(path: Path) -> None:
    """Check that the file of a public data set has been fetched.

    path (Path): The file.
    RAISES (InputError): It isn't there.
    """
    if not path.is_file():
        raise InputError(
            f"Can't find {path}. Expected a public data set there, as published. Fetch it with "
            f"`{FETCH}`, or set another path with --vars.public_file."
        )


def next_step(path: Path, public: PublicSet, otherwise: str) -> str:
    """Say what to do about a file that can't be used. One of another name is another set's, most
    likely, and good: only the variable is to be set.

    path (Path): The file.
    public (PublicSet): The set that it was read as.
    otherwise (str): What to do where the file has the published name.
    RETURNS (str): The end of an error's message.
    """
    if path.name != public.file:
        return f"Expected {public.file}. Set it with --vars.public_file."
    return otherwise


def read_public(
    path: Path,
    name: str,
    *,
    skip_invalid: bool = False,
    progress: Callable[[int], object] = lambda read: None,
) -> RawTexts:
    """Read a public data set.

    path (Path): The file as published.
    name (str): One of SETS.
    skip_invalid (bool): Count rows of another form instead of raising.
    progress (Callable[[int], object]): Told the number of rows read, one at a time.
    RETURNS (RawTexts): The texts in the order of the file.
    RAISES (InputError): The file is missing, can't be read or holds no texts, or a row is of another
        form.
    """
    public = get_set(name)
    require_raw(path)
    texts, invalid = [], 0
    try:
        for row in public.rows(path):
            progress(1)
            try:
                texts.append(public.parse(row))
            except ValueError as error:
                if not skip_invalid:
                    otherwise = f"Fetch the file again with `{FETCH}`."
                    raise InputError(
                        f"Can't read {path}, {row.where}: {error}. "
                        f"{next_step(path, public, otherwise)} Or pass --on-invalid skip "
                        "(--vars.on_invalid skip) to drop and count such rows."
                    ) from error
                invalid += 1
    # What the readers raise for a file that isn't what its ending says.
    except (
        UnicodeDecodeError,
        csv.Error,
        tarfile.TarError,
        OSError,
        EOFError,
        zlib.error,
    ) as error:
        reason = " ".join(str(error).split()).rstrip(".")
        otherwise = f"Expected the public data set '{name}' as published. {REPLACE}"
        raise InputError(
            f"Can't read {path}: {reason}. {next_step(path, public, otherwise)}"
        ) from error
    if not texts:
        raise InputError(
            f"Can't use {path}: it holds no texts of the public data set '{name}' ({invalid} invalid "
            f"rows). {next_step(path, public, REPLACE)}"
        )
    return RawTexts(texts, invalid)
