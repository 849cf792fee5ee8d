from pathlib import Path

import pytest

from scripts.distill.outputs import atomic_file, atomic_folder, scratch_file


class Killed(BaseException):
    """What ends a step from outside, as KeyboardInterrupt does."""


def listing(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def test_file_is_there_when_the_block_ends(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "a.txt"
    with atomic_file(path) as temporary:
        assert temporary.parent == path.parent
        temporary.write_text("whole", encoding="utf8")
        assert not path.exists()
    assert path.read_text(encoding="utf8") == "whole"
    assert listing(path.parent) == ["a.txt"]


@pytest.mark.parametrize("error", [ValueError, Killed])
@pytest.mark.parametrize("old", [None, "old"])
def test_file_is_untouched_when_the_block_raises(
    tmp_path: Path, error: type[BaseException], old: str | None
) -> None:
    path = tmp_path / "a.txt"
    if old is not None:
        path.write_text(old, encoding="utf8")
    with pytest.raises(error), atomic_file(path) as temporary:
        temporary.write_text("hal", encoding="utf8")
        raise error
    assert listing(tmp_path) == ([] if old is None else ["a.txt"])
    assert old is None or path.read_text(encoding="utf8") == old


def test_file_replaces_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    for content in ("old and longer", "new"):
        with atomic_file(path) as temporary:
            assert not temporary.exists()
            temporary.write_text(content, encoding="utf8")
    assert path.read_text(encoding="utf8") == "new"
    assert listing(tmp_path) == ["a.txt"]


def test_block_that_writes_nothing_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old", encoding="utf8")
    with pytest.raises(FileNotFoundError), atomic_file(path):
        pass
    assert path.read_text(encoding="utf8") == "old"


@pytest.mark.parametrize("stale", ["file", "folder"])
def test_stale_file_of_a_killed_run_is_cleared(tmp_path: Path, stale: str) -> None:
    partial = tmp_path / ".a.txt.partial"
    if stale == "file":
        partial.write_text("hal", encoding="utf8")
    else:
        partial.mkdir()
        (partial / "b.txt").write_text("hal", encoding="utf8")
    with atomic_file(tmp_path / "a.txt") as temporary:
        assert temporary == partial
        assert not temporary.exists()
        temporary.write_text("whole", encoding="utf8")
    assert listing(tmp_path) == ["a.txt"]


def test_folder_is_there_when_the_block_ends(tmp_path: Path) -> None:
    path = tmp_path / "new" / "model"
    with atomic_folder(path) as temporary:
        assert temporary.is_dir()
        (temporary / "a.txt").write_text("whole", encoding="utf8")
        assert not path.exists()
    assert listing(tmp_path / "new") == ["model", "model/a.txt"]


@pytest.mark.parametrize("error", [ValueError, Killed])
@pytest.mark.parametrize("old", [True, False])
def test_folder_is_untouched_when_the_block_raises(
    tmp_path: Path, error: type[BaseException], old: bool
) -> None:
    path = tmp_path / "model"
    if old:
        path.mkdir()
        (path / "old.txt").write_text("old", encoding="utf8")
    with pytest.raises(error), atomic_folder(path) as temporary:
        (temporary / "new.txt").write_text("hal", encoding="utf8")
        raise error
    assert listing(tmp_path) == (["model", "model/old.txt"] if old else [])


def test_folder_replaces_the_old_one_whole(tmp_path: Path) -> None:
    path = tmp_path / "model"
    for name in ("old.txt", "new.txt"):
        with atomic_folder(path) as temporary:
            assert listing(temporary) == []
            (temporary / name).write_text(name, encoding="utf8")
    assert listing(tmp_path) == ["model", "model/new.txt"]


def test_folder_takes_the_place_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "model").write_text("a file of that name", encoding="utf8")
    with atomic_folder(tmp_path / "model") as temporary:
        (temporary / "a.txt").write_text("whole", encoding="utf8")
    assert listing(tmp_path) == ["model", "model/a.txt"]


def test_stale_folder_of_a_killed_run_is_cleared(tmp_path: Path) -> None:
    partial = tmp_path / ".model.partial"
    partial.mkdir()
    (partial / "stale.txt").write_text("hal", encoding="utf8")
    with atomic_folder(tmp_path / "model") as temporary:
        assert temporary == partial
        assert listing(temporary) == []
        (temporary / "a.txt").write_text("whole", encoding="utf8")
    assert listing(tmp_path) == ["model", "model/a.txt"]


def test_folder_that_stepped_aside_comes_back(tmp_path: Path) -> None:
    """A process was killed between the two renames: the next one finds the old folder again."""
    aside = tmp_path / ".model.old"
    aside.mkdir()
    (aside / "weights").write_text("old", encoding="utf8")
    with pytest.raises(RuntimeError), atomic_folder(tmp_path / "model"):
        raise RuntimeError
    assert (tmp_path / "model" / "weights").read_text(encoding="utf8") == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_scratch_file_goes_and_clears_what_a_killed_run_left(tmp_path: Path) -> None:
    path = tmp_path / "scores.parquet"
    left = tmp_path / ".scores.parquet.scratch"
    left.write_text("half", encoding="utf8")
    with pytest.raises(Killed), scratch_file(path) as scratch:
        assert scratch == left
        assert not scratch.exists()
        scratch.write_text("whole", encoding="utf8")
        raise Killed
    assert listing(tmp_path) == []
