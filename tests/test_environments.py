"""Environments that hold what is required and nothing else."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.distill import environments
from scripts.distill.environments import find_requirements, link_environment, list_distributions
from scripts.distill.errors import InputError

LOOK = """
import importlib.util, json, sys
from importlib.metadata import entry_points
import {module}
names = ["spacy", "thinc", "sklearn", "torch", "transformers", "spacy_transformers", "pandas"]
print(json.dumps({{
    "found": [name for name in names if importlib.util.find_spec(name)],
    "factories": [point.name for point in entry_points(group="spacy_factories")],
}}))
"""


def look_around(folder: Path, module: str) -> dict[str, list[str]]:
    result = subprocess.run(
        [sys.executable, "-S", "-c", LOOK.format(module=module)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(result.stdout)


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ('[nlp]\nlang = "en"\n', []),
        ('[nlp]\nlang = "ko"\n', ["natto-py>=0.9.0"]),
        (
            '[nlp]\nlang = "th"\n[x]\ny = "spacy.TorchBiLSTMEncoder.v1"\n',
            ["pythainlp>=2.0", "torch>=2.0"],
        ),
    ],
)
def test_what_a_pipeline_needs_beside_spacy(
    config: str, expected: list[str], tmp_path: Path
) -> None:
    (tmp_path / "config.cfg").write_text(config, encoding="utf8")
    assert find_requirements(tmp_path) == expected


def test_spacy_alone(tmp_path: Path) -> None:
    link_environment(tmp_path, ["spacy"])
    seen = look_around(tmp_path, "spacy")
    assert seen == {"found": ["spacy", "thinc"], "factories": []}


def test_scikit_learn_alone(tmp_path: Path) -> None:
    link_environment(tmp_path, ["scikit-learn>=1.0", "joblib"])
    seen = look_around(tmp_path, "sklearn.linear_model, joblib")
    assert seen == {"found": ["sklearn"], "factories": []}


def test_what_is_required_comes_along_and_extras_where_asked_for() -> None:
    def names(*requirements: str) -> set[str]:
        return {found.metadata["Name"].lower() for found in list_distributions(requirements)}

    assert {"spacy", "thinc", "numpy", "weasel"} <= names("spacy")
    assert not {"torch", "spacy-transformers", "scikit-learn"} & names("spacy")
    assert "torch" in names("spacy", "torch>=2.0")
    assert "torch" in names("spacy[transformers]")
    assert names("no-such-package") == set()


def test_a_package_without_files_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Installed:
        files = None
        metadata = {"Name": "thing"}  # noqa: RUF012

    monkeypatch.setattr(environments, "list_distributions", lambda requirements: [Installed()])
    with pytest.raises(InputError, match=r"files of the package 'thing'.*requirements/lock\.txt"):
        link_environment(tmp_path, ["thing"])
