"""Scores that a teacher has given once, so that no text is scored twice: across runs, mixtures of
synthetic texts, and runs that were killed.
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import numpy
from numpy.typing import NDArray

from .errors import InputError

# Another process may be writing: so many seconds are waited for it.
WAIT_SECONDS = 60.0
# SQLite takes a limited number of values at a time.
KEYS_PER_QUERY = 500


def text_key(text: str) -> bytes:
    """Name a text by what it holds.

    text (str): The text.
    RETURNS (bytes): SHA-256 of its UTF-8 bytes, 32 bytes.
    """
    # A lone surrogate can't be encoded, but may stand in a text.
    return hashlib.sha256(text.encode("utf8", "surrogatepass")).digest()


class ScoreCache:
    """The scores of one teacher in an SQLite file. What was put in is there after a crash of the
    process, and several processes may use the file at once.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path, labels: Sequence[str]) -> None:
        self._connection = connection
        self._path = path
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        with connection:
            connection.execute("CREATE TABLE IF NOT EXISTS labels (labels TEXT)")
            connection.execute(
                "CREATE TABLE IF NOT EXISTS scores (text BLOB PRIMARY KEY, logits BLOB NOT NULL) "
                "WITHOUT ROWID"
            )
            connection.execute("BEGIN IMMEDIATE")
            known = connection.execute("SELECT labels FROM labels").fetchone()
            if known is None:
                known = (json.dumps(list(labels)),)
                connection.execute("INSERT INTO labels VALUES (?)", known)
        self._labels: list[str] = json.loads(known[0])
        if set(self._labels) != set(labels):
            raise InputError(
                f"Can't use the scores in {path}: they are for the labels "
                f"{', '.join(self._labels)}, wanted {', '.join(labels)}. Delete the file."
            )
        self._columns = [self._labels.index(label) for label in labels]

    def get(self, texts: Sequence[str]) -> dict[int, NDArray[numpy.float32]]:
        """Look texts up.

        texts (Sequence[str]): The texts.
        RETURNS (dict[int, NDArray[float32]]): By position, for those that are known: their logits of
            the shape (labels,).
        """
        keys = [text_key(text) for text in texts]
        found: dict[bytes, NDArray[numpy.float32]] = {}
        for start in range(0, len(keys), KEYS_PER_QUERY):
            part = keys[start : start + KEYS_PER_QUERY]
            marks = ",".join("?" * len(part))
            query = f"SELECT text, logits FROM scores WHERE text IN ({marks})"
            for key, logits in self._connection.execute(query, part):
                found[key] = numpy.frombuffer(logits, dtype="<f4")[self._columns]
        return {i: found[key] for i, key in enumerate(keys) if key in found}

    def put(self, texts: Iterable[str], logits: NDArray[numpy.float32]) -> None:
        """Keep scores; they are safe when this returns.

        texts (Iterable[str]): The texts.
        logits (NDArray[float32]): Shape: (texts, labels).
        """
        stored = numpy.empty_like(logits, dtype="<f4")
        stored[:, self._columns] = logits
        with self._connection:
            self._connection.executemany(
                "INSERT OR IGNORE INTO scores VALUES (?, ?)",
                ((text_key(text), row.tobytes()) for text, row in zip(texts, stored)),
            )


@contextmanager
def open_cache(folder: Path, name: str, labels: Sequence[str]) -> Iterator[ScoreCache]:
    """Open a teacher's scores.

    folder (Path): The folder of all teachers' scores; it is made if it is missing.
    name (str): Says whose they are: the teacher's fingerprint, and how exactly it multiplied.
    labels (Sequence[str]): The labels, in the order wanted.
    YIELDS (ScoreCache): The scores.
    RAISES (InputError): The folder can't be made, or the file is damaged, locked for long, can't be
        written, or holds scores for other labels.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"Can't keep scores in {folder}: {error.strerror}. Expected a folder, or a place where one "
            "can be made. Set another with --vars.score_cache."
        ) from error
    path = folder / f"{name}.sqlite"
    try:
        with closing(sqlite3.connect(path, timeout=WAIT_SECONDS)) as connection:
            yield ScoreCache(connection, path, labels)
    except sqlite3.DatabaseError as error:
        raise InputError(
            f"Can't use the scores kept in {path}: {error}. Expected a file of scores that can be "
            f"written and isn't locked for more than {WAIT_SECONDS:.0f} s. Wait for the other run, or "
            "make room; if it is damaged or something else, delete it: its texts are scored again then."
        ) from error
