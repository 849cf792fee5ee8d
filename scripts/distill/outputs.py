"""Outputs that exist whole or not at all.

A step that is killed leaves its half-written output under a temporary name beside the final one;
the next run of the step clears it away and starts again.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

# Bytes, from which on a second copy of a file is worth avoiding.
LARGE_FILE = 1_000_000


def _temporary(path: Path) -> Path:
    return path.with_name(f".{path.name}.partial")


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _restore(path: Path, old: Path) -> None:
    """Bring the old folder back if nothing has taken its place; else it is done with."""
    if old.exists() and not path.exists():
        old.replace(path)
    _remove(old)


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Give a temporary path to write one file to; rename it to `path` when the block ends well.

    path (Path): The final path. Its folder is made if it is missing.
    YIELDS (Path): The temporary path, in the same folder.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = _temporary(path)
    _remove(temporary)
    try:
        yield temporary
        temporary.replace(path)
    finally:
        _remove(temporary)


@contextmanager
def scratch_file(path: Path) -> Iterator[Path]:
    """Give a path for a file that is needed only while another one is made.

    path (Path): The file that is made. Its folder is made if it is missing.
    YIELDS (Path): A path in the same folder; what is written there goes when the block ends, and what a
        killed run left goes before.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".{path.name}.scratch")
    _remove(scratch)
    try:
        yield scratch
    finally:
        _remove(scratch)


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Give an empty temporary folder to fill; put it in the place of `path` when the block ends well.

    path (Path): The final folder. One that exists stays as it is until the new one is complete.
    YIELDS (Path): The temporary folder, beside the final one.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary, old = _temporary(path), path.with_name(f".{path.name}.old")
    _restore(path, old)
    _remove(temporary)
    temporary.mkdir()
    try:
        yield temporary
        # A folder can't be replaced in one go: the old one steps aside, and goes last.
        if path.exists():
            path.replace(old)
        temporary.replace(path)
    finally:
        _remove(temporary)
        _restore(path, old)


def link_or_copy(source: str, target: str) -> None:
    """Put a file at a second place: for `shutil.copytree`. A large one is on the disk once, where the
    disk knows links of that kind: what is written into it is at both places. Others are copied.

    source (str): The file, or a symbolic link to it.
    target (str): The other place.
    """
    file = Path(source).resolve()
    if file.stat().st_size >= LARGE_FILE:
        with suppress(OSError):
            os.link(file, target)
            return
    shutil.copy2(file, target)
