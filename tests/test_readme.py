"""What the README says is true."""

import re
import shlex
import subprocess
import sys

import pytest
import srsly

from scripts.distill.pool import Pool

from .conftest import ROOT

README = (ROOT / "README.md").read_text(encoding="utf8")


def test_command_table_is_current() -> None:
    """`python -m spacy project document . -NE -o README.md` writes it anew."""
    result = subprocess.run(
        [sys.executable, "-m", "spacy", "project", "document", ".", "-NE"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    generated = [line for line in result.stdout.splitlines() if line.startswith("|")]
    start, end = "AUTO-GENERATED DOCS START", "AUTO-GENERATED DOCS END"
    between = README.split(start)[1].split(end)[0]
    assert generated
    assert [line for line in between.splitlines() if line.startswith("|")] == generated


@pytest.mark.parametrize(
    "command", re.findall(r"^python -m spacy project .*", README, re.MULTILINE)
)
def test_project_commands_are_understood(command: str) -> None:
    _, *words = shlex.split(command)
    result = subprocess.run(
        [sys.executable, *words, "--dry"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    for value in re.findall(r"--vars\.(?:task|languages) (\S+)", command):
        assert value in result.stdout


def test_live_teacher_of_the_readme_teaches() -> None:
    (example,) = (
        code for code in re.findall(r"```python\n(.*?)```", README, re.DOTALL) if "distill(" in code
    )
    code = f"{example}\nprint(losses['textcat_distill'])"
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    assert 0 < float(result.stdout) < 0.69  # less than of a student that knows nothing


def test_every_variable_is_explained() -> None:
    variables = set(srsly.read_yaml(ROOT / "project.yml")["vars"])
    explained = set()
    for line in README.splitlines():
        if line.startswith("| `"):
            explained |= set(re.findall(r"`(\w+)`", line.split("|")[1]))
    assert variables <= explained


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\((?!http)([^)#]+)\)", README))))
def test_links_lead_somewhere(link: str) -> None:
    assert (ROOT / link).exists()


def test_result_table_lists_all_models() -> None:
    for name in ("teacher", "student_cnn", "student_bow", "baseline_cnn", "tfidf_logreg"):
        assert re.search(rf"^\| {name} \|", README, re.MULTILINE)


def test_make_targets_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf8")
    for target in ("env", "all", "test", "bench", "report", "clean"):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)


def test_student_requirements_are_part_of_the_lock() -> None:
    def read(name: str) -> set[str]:
        text = (ROOT / "requirements" / name).read_text(encoding="utf8")
        return {line for line in text.splitlines() if line and not line.startswith("#")}

    student, lock = read("student.txt"), read("lock.txt")
    assert student <= lock
    assert all("==" in line for line in lock)
    assert not [line for line in student if line.startswith(("torch", "transformers"))]


def test_assets_are_whole() -> None:
    for lang in ("en", "nl", "fr", "de", "it", "es"):
        rows = list(srsly.read_jsonl(ROOT / "assets" / "reviews" / f"{lang}.jsonl"))
        assert len(rows) == 1200
        assert {row["split"] for row in rows} == {"train", "dev", "test"}


def test_pool_of_the_assets_repeats_no_gold_text() -> None:
    data = ROOT / "assets" / "reviews" / "en.jsonl"
    pool = Pool(
        ROOT / "assets" / "pool", [row["text"] for row in srsly.read_jsonl(data)], data=data
    )
    assert len(list(pool)) == pool.kept == 3000
    assert pool.exact == pool.near == pool.invalid == 0
