"""Teachers that are no transformer of ours: any callable, or a file of scores given before."""

import hashlib
import importlib
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import joblib
import numpy
import pandas as pd
from numpy.typing import NDArray
from spacy.language import Language
from spacy.tokens import Doc
from spacy.vocab import Vocab

from .documents import read_gold
from .errors import InputError, SettingError
from .live_teachers import as_teacher, find_columns, probabilities_to_logits
from .metrics import dev_score
from .outputs import atomic_folder
from .products import read_stats
from .table_files import locate_row, read_table
from .tables import parse_text
from .teacher_info import TeacherInfo, hash_file, write_teacher_info

# What is hidden from a teacher that has no word for it.
MASK_TOKEN = "[MASK]"
EXPECTED = (
    "Expected MODULE:NAME, something to be imported from the folder that you are in, or a table "
    "(JSONL, CSV, TSV, Excel, Parquet) with the column 'text' and one for each label. Set it with "
    "--vars.black_box."
)
EXPECTED_TABLE = "Expected a table with the column 'text' and one of scores for each label."
TABLE_REMEDY = "Mend the file, or set another with --vars.black_box."
ROW_REMEDY = "Mend or remove the row."
# By itself the step isn't run again: weasel knows nothing of the black box but its name.
RERUN = "python -m spacy project run teacher . --force"

Score = Callable[[Sequence[str]], NDArray[numpy.float64]]


class BlackBox(NamedTuple):
    """A teacher: from texts to logits of the shape (texts, labels); what tells it from others; whether
    it is a file, whose speed says nothing.
    """

    score: Score
    fingerprint: str
    is_file: bool


def load_black_box(name: str, labels: Sequence[str], *, exclusive: bool) -> BlackBox:
    """Load a teacher by its name.

    name (str): "module:name" of a spaCy pipeline, a scikit-learn classifier of texts or a function from
        texts to dictionaries of probabilities (see live_teachers.as_teacher); or the path of a table of
        texts and scores: probabilities where all are from 0 to 1, else logits.
    labels (Sequence[str]): The labels, in the order wanted.
    exclusive (bool): Whether they exclude each other.
    RETURNS (BlackBox): The teacher. Scoring raises an InputError where it gives nothing usable.
    RAISES (InputError): It can't be found, or scores other labels.
    """
    module, _, attribute = name.partition(":")
    if Path(name).is_file():
        score, digest, is_file = (
            _load_file(Path(name), labels, exclusive),
            hash_file(Path(name)),
            True,
        )
    elif attribute and all(part.isidentifier() for part in module.split(".")):
        found = _import(name, module, attribute)
        score, digest, is_file = (
            _load_callable(name, found, labels, exclusive),
            _hash(found, module),
            False,
        )
    else:
        raise InputError(f"Can't find the black box '{name}'. {EXPECTED}")
    return BlackBox(score, hashlib.sha256(f"{name}\n{digest}".encode()).hexdigest(), is_file)


def _import(name: str, module: str, attribute: str) -> Any:
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        return getattr(importlib.import_module(module), attribute)
    # Importing runs code of somebody else's: whatever it raises is to be told.
    except Exception as error:
        raise InputError(
            f"Can't import the black box '{name}': {type(error).__name__}: {error}. {EXPECTED}"
        ) from error


def _hash(found: Any, module: str) -> str:
    """Tell a callable from others: by the fingerprint that it gives itself; else by the code of the
    module that it was imported from, and what it has learned.
    """
    if given := getattr(found, "fingerprint", None):
        return str(given)
    path = getattr(sys.modules[module], "__file__", None)
    learned = ""
    if isinstance(found, Language):
        learned = joblib.hash(found.to_bytes())
    elif hasattr(found, "classes_"):
        learned = joblib.hash(found)
    return f"{hash_file(Path(path)) if path else ''}\n{learned}"


def _load_callable(name: str, found: Any, labels: Sequence[str], exclusive: bool) -> Score:
    try:
        teacher = as_teacher(found, labels, exclusive=exclusive)
    except (TypeError, SettingError) as error:
        raise InputError(f"Can't use the black box '{name}': {error}") from error

    def score(texts: Sequence[str]) -> NDArray[numpy.float64]:
        # It reads the texts of documents alone: one token each will do. A vocabulary remembers what it
        # has seen: each call has its own.
        vocab = Vocab()
        docs = [Doc(vocab, words=[text], spaces=[False]) if text else Doc(vocab) for text in texts]
        try:
            logits = teacher(docs)
        except SettingError as error:
            raise InputError(f"Can't use the black box '{name}': {error}") from error
        # Somebody else's code: whatever it raises is to be told.
        except Exception as error:
            raise InputError(
                f"Can't use the black box '{name}': it raised {type(error).__name__}: {error}. Expected "
                "a dictionary of a probability for each label, for each text."
            ) from error
        return _check_finite(name, texts, logits)

    return score


def _check_finite(
    name: str, texts: Sequence[str], logits: NDArray[numpy.float64]
) -> NDArray[numpy.float64]:
    bad = ~numpy.isfinite(logits).all(axis=1)
    if bad.any():
        text = texts[int(bad.argmax())][:60]
        raise InputError(
            f"Can't use the black box '{name}': its scores of '{text}' are {logits[bad][0].tolist()}. "
            "Expected finite numbers."
        )
    return logits


def _load_file(path: Path, labels: Sequence[str], exclusive: bool) -> Score:
    frame = read_table(path, expected=EXPECTED_TABLE, remedy=ROW_REMEDY, variable="black_box").frame
    values = _read_scores(path, frame, labels)
    texts = _read_texts(path, frame, values)
    if values.min() >= 0 and values.max() <= 1:
        values = probabilities_to_logits(values, exclusive=exclusive)
    rows = {text: i for i, text in enumerate(texts)}

    def score(texts: Sequence[str]) -> NDArray[numpy.float64]:
        missing = [text for text in texts if text not in rows]
        if missing:
            raise InputError(
                f"Can't find the scores of {len(missing)} of {len(texts)} texts in {path}; the first is "
                f"'{missing[0][:60]}'. Expected a row for each text of train, dev, test and pool, and "
                "for each synthetic one (synthetic.parquet holds all that are to be scored). Add them, "
                "or make none with --vars.n_synthetic 0."
            )
        return values[[rows[text] for text in texts]]

    return score


def _read_scores(path: Path, frame: pd.DataFrame, labels: Sequence[str]) -> NDArray[numpy.float64]:
    """Take the scores of a file, in the order of the labels; all are to be finite numbers."""
    if "text" not in frame:
        raise InputError(
            f"Can't use {path}: it has the columns {', '.join(map(str, frame.columns))}. "
            f"{EXPECTED_TABLE} {TABLE_REMEDY}"
        )
    names = [name for name in frame.columns if name != "text"]
    try:
        columns = find_columns(list(map(str, names)), labels)
    except SettingError as error:
        raise InputError(f"Can't use {path}: {error} {TABLE_REMEDY}") from error
    cells = frame[[names[i] for i in columns]]
    values = cells.apply(pd.to_numeric, errors="coerce").to_numpy("float64")
    bad = numpy.argwhere(~numpy.isfinite(values))
    if len(bad):
        row, label = bad[0]
        raise InputError(
            f"Can't use {path}, {locate_row(path, frame.index[row])}: the score of '{labels[label]}' is "
            f"'{cells.iat[row, label]}'. Expected a finite number. {ROW_REMEDY}"
        )
    return values


def _read_texts(path: Path, frame: pd.DataFrame, values: NDArray[numpy.float64]) -> list[str]:
    """Check the texts of a file: strings, and where one is there twice, with the same scores."""
    seen: dict[str, int] = {}
    for i, cell in enumerate(frame["text"]):
        try:
            parse_text(cell)
        except ValueError as error:
            where = locate_row(path, frame.index[i])
            raise InputError(f"Can't use {path}, {where}: {error}. {ROW_REMEDY}") from error
        first = seen.setdefault(cell, i)
        if not numpy.array_equal(values[first], values[i]):
            one, other = (locate_row(path, frame.index[j]) for j in (first, i))
            raise InputError(
                f"Can't use {path}: {one} and {other} have the same text ('{cell[:60]}') and different "
                "scores. Expected one row for a text. Remove one."
            )
    return list(frame["text"])


def find_black_box(info: TeacherInfo) -> BlackBox:
    """Find the black box that is the teacher.

    info (TeacherInfo): What the step `teacher` noted.
    RETURNS (BlackBox): The teacher.
    RAISES (InputError): It can't be found, or isn't the same any more.
    """
    box = load_black_box(info.transformer, info.labels, exclusive=info.exclusive)
    if box.fingerprint != info.fingerprint:
        raise InputError(
            f"Can't score with '{info.transformer}': it has changed since the step 'teacher'. Expected "
            f"it as it was. Run that step again, with the same --vars: `{RERUN}`."
        )
    return box


def note_black_box(name: str, corpus: Path, output: Path, *, lang: str) -> float:
    """Put a black box in a fine-tuned teacher's place: note what later steps must know of it.

    name (str): See load_black_box.
    corpus (Path): The folder of the gold corpus.
    output (Path): The teacher's folder.
    lang (str): Language code.
    RETURNS (float): Its score on dev: see metrics.dev_score.
    RAISES (InputError): The corpus or the black box can't be used.
    """
    stats = read_stats(corpus)
    labels, exclusive = stats["labels"], stats["exclusive"]
    box = load_black_box(name, labels, exclusive=exclusive)
    if box.is_file:  # what lacks is said before anything is made
        splits = [read_gold(corpus / f"{split}.spacy", lang) for split in ("train", "dev", "test")]
        box.score([text for split in splits for text in split.texts])
    texts, gold = read_gold(corpus / "dev.spacy", lang)
    score = dev_score(gold, box.score(texts), exclusive)
    info = TeacherInfo(
        name, box.fingerprint, MASK_TOKEN, labels, score, black_box=True, exclusive=exclusive
    )
    with atomic_folder(output) as temporary:
        write_teacher_info(temporary, info)
    return score
