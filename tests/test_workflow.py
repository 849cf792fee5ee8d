"""The whole workflow at its real size, on the reviews that come along."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import srsly

from .conftest import ROOT


@pytest.mark.slow
def test_run_all_teaches_students(tmp_path: Path) -> None:
    for name in ("scripts", "configs", "assets"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("project.yml", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path)
    result = subprocess.run(
        [sys.executable, "-m", "spacy", "project", "run", "all"], cwd=tmp_path, check=False
    )
    assert result.returncode == 0
    metrics = srsly.read_json(tmp_path / "training" / "en" / "metrics.json")
    accuracy = {name: model["accuracy"] for name, model in metrics["models"].items()}
    assert metrics["data"]["synthetic"] == 60000
    assert metrics["data"]["scored"]["pool"] == 3000
    assert accuracy["teacher"] > accuracy["tfidf_logreg"]
    assert accuracy["student_cnn"] > accuracy["baseline_cnn"]
