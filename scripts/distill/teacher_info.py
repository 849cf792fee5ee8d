"""What later steps must know of a teacher, without torch and without loading it."""

import hashlib
from dataclasses import asdict, dataclass, field
from pathlib import Path

import srsly

from .products import require

INFO = "teacher.json"
# The words that a transformer knows whole, one a line.
WORDS = "words.txt"


@dataclass(frozen=True)
class TeacherInfo:
    """What later steps must know of a teacher without loading it (teacher.json).

    transformer (str): The name it was given by.
    fingerprint (str): SHA-256 of the fine-tuned pipeline's files: another teacher, another value.
    mask_token (str): What its tokenizer reads as a hidden word.
    labels (list[str]): Its labels, in order.
    dev_score (float): Accuracy (exclusive labels) or micro-averaged F-score on dev, from 0 to 1.
    black_box (bool): Whether it is no transformer, but something to be found by the name in
        `transformer`: see black_box.py.
    exclusive (bool): Whether its labels exclude each other.
    sources (list[str]): The files whose texts it was fine-tuned on; none for a black box.
    texts (int): How many texts these were.
    """

    transformer: str
    fingerprint: str
    mask_token: str
    labels: list[str]
    dev_score: float
    black_box: bool = False
    exclusive: bool = True
    sources: list[str] = field(default_factory=list)
    texts: int = 0


def hash_file(path: Path) -> str:
    """Hash a file.

    path (Path): The file.
    RETURNS (str): SHA-256, as hexadecimal digits.
    """
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def fingerprint(pipeline: Path) -> str:
    """Hash a pipeline's folder: names and contents of all files.

    pipeline (Path): The folder.
    RETURNS (str): SHA-256, as hexadecimal digits.
    """
    digest = hashlib.sha256()
    for path in sorted(path for path in pipeline.rglob("*") if path.is_file()):
        digest.update(path.relative_to(pipeline).as_posix().encode("utf8"))
        digest.update(hash_file(path).encode("ascii"))
    return digest.hexdigest()


def read_teacher_info(path: Path) -> TeacherInfo:
    """Read what the step `teacher` noted.

    path (Path): Its output folder.
    RETURNS (TeacherInfo): The content of teacher.json.
    RAISES (InputError): The file is missing.
    """
    require(path / INFO, step="teacher")
    return TeacherInfo(**srsly.read_json(path / INFO))


def write_teacher_info(path: Path, info: TeacherInfo) -> None:
    """Write teacher.json.

    path (Path): The teacher's folder.
    info (TeacherInfo): What it says.
    """
    srsly.write_json(path / INFO, asdict(info))
