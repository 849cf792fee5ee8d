"""Package a student as a wheel that spaCy alone can load."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import srsly
from spacy.cli.package import package as spacy_package

from .errors import InputError
from .outputs import atomic_file
from .products import BEST, read_dev_score, require
from .report import make_environment, read_metrics
from .teacher_info import TeacherInfo

LICENSE_NAME = "MIT"


class Packaged(NamedTuple):
    """A wheel, and the student it holds."""

    wheel: Path
    student: str


def choose_student(training: Path, architectures: Sequence[str]) -> str:
    """Choose the student that did best on dev; test has no say.

    training (Path): The folder of the models.
    architectures (Sequence[str]): Architectures to choose from; of equals, the first.
    RETURNS (str): The student's name, such as "student_cnn".
    RAISES (InputError): A student is missing.
    """
    names = [f"student_{architecture}" for architecture in architectures]
    require(*(training / name / BEST for name in names), step="student")
    return max(names, key=lambda name: read_dev_score(training / name / BEST))


def make_meta(
    student: str, metrics: dict[str, Any], teacher: TeacherInfo, name: str, version: str
) -> dict[str, Any]:
    """Say what a student is: for its meta.json.

    student (str): Its name in metrics.json.
    metrics (dict[str, Any]): The content of metrics.json.
    teacher (TeacherInfo): Its teacher.
    name (str): Name of the package without the language code.
    version (str): Version of the package.
    RETURNS (dict[str, Any]): Fields of meta.json.
    """
    model, data = metrics["models"][student], metrics["data"]
    keys = ("accuracy", "macro_f1", "roc_auc", "ece", "brier", "agreement", "words_per_second")
    return {
        "name": name,
        "version": version,
        "description": (
            f"Text classifier ({data['task']}: {', '.join(metrics['labels'])}) of the architecture "
            f"{model['kind']}, distilled from a teacher fine-tuned from {teacher.transformer}."
        ),
        "license": LICENSE_NAME,
        "sources": [
            {"name": Path(data["source"]).name, "description": "labelled texts"},
            {"name": teacher.transformer, "description": "the transformer behind the teacher"},
        ],
        "performance": {
            **{key: model[key] for key in keys},
            "per_label": model["per_label"],
            "teacher_accuracy": metrics["models"]["teacher"]["accuracy"],
        },
    }


def package_student(
    training: Path,
    metrics_path: Path,
    teacher: TeacherInfo,
    license_file: Path,
    output: Path,
    *,
    architectures: Sequence[str],
    name: str,
    version: str,
) -> Packaged:
    """Build a wheel of the best student, with README, metrics.json and licence inside.

    training (Path): The folder of the models.
    metrics_path (Path): The file metrics.json.
    teacher (TeacherInfo): The teacher.
    license_file (Path): The licence.
    output (Path): Folder for the wheel.
    architectures (Sequence[str]): Architectures to choose from.
    name (str): Name of the package without the language code; a Python identifier.
    version (str): Its version.
    RETURNS (Packaged): The wheel and the student's name.
    RAISES (InputError): An input is missing, or the name can't be used.
    """
    if not name.isidentifier():
        raise InputError(
            f"Can't name a package '{name}'. Expected letters, digits and underscores, as in a "
            "Python name. Set it with --vars.package_name."
        )
    metrics = read_metrics(metrics_path)
    require(license_file, step="a checkout of the project")
    student = choose_student(training, architectures)
    meta = make_meta(student, metrics, teacher, name, version)
    with tempfile.TemporaryDirectory() as folder:
        model, built = Path(folder) / "model", Path(folder) / "built"
        shutil.copytree(training / student / BEST, model)
        built.mkdir()
        old_meta = srsly.read_json(model / "meta.json")
        srsly.write_json(model / "meta.json", {**old_meta, **meta})
        shutil.copy(metrics_path, model / "metrics.json")
        shutil.copy(license_file, model / "LICENSE")
        full_name = f"{metrics['lang']}_{name}"
        readme = make_environment().get_template("card.md.jinja")
        (model / "README.md").write_text(
            readme.render(
                full_name=full_name,
                meta=meta,
                metrics=metrics,
                data=metrics["data"],
                student=metrics["models"][student],
                baseline=metrics["models"][student.replace("student_", "baseline_")],
                teacher=metrics["models"]["teacher"],
                tfidf=metrics["models"]["tfidf_logreg"],
                transformer=teacher.transformer,
            ),
            encoding="utf8",
        )
        spacy_package(model, built, create_sdist=False, create_wheel=False)
        wheel = _build_wheel(built / f"{full_name}-{version}")
        with atomic_file(output / wheel.name) as temporary:
            shutil.copy(wheel, temporary)
    return Packaged(output / wheel.name, student)


def _build_wheel(source: Path) -> Path:
    """Build with the locked setuptools of this environment: no network, the same wheel each time."""
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", str(source)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        raise RuntimeError(f"Building the wheel failed:\n{result.stdout}\n{result.stderr}")
    (wheel,) = (source / "dist").glob("*.whl")
    return wheel
