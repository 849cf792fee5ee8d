"""Package a student as a wheel that spaCy alone can load."""

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import srsly
from packaging.version import InvalidVersion, Version
from spacy.cli.package import package as spacy_package

from .environments import find_requirements
from .errors import InputError
from .model_names import TEACHER, TFIDF, twin_of
from .outputs import atomic_file
from .products import BEST, model_folder, require
from .records import POOL
from .report import make_environment, read_metrics
from .teacher_info import TeacherInfo


class About(NamedTuple):
    """What its owner says of a package: its name without the language code (a Python identifier), its
    version (in the normal form of PEP 440), the short name of its licence, the file that holds it, who
    made the package, their e-mail address, and the package's web page. What isn't said stays empty in
    meta.json.
    """

    name: str
    version: str
    license_name: str
    license_file: Path
    author: str = ""
    email: str = ""
    url: str = ""


class Packaged(NamedTuple):
    """A wheel, the student it holds, and the accuracies on test of this student and of the same
    architecture without a teacher.
    """

    wheel: Path
    student: str
    accuracy: float
    baseline_accuracy: float


def make_meta(
    student: str, metrics: dict[str, Any], teacher: TeacherInfo, about: About
) -> dict[str, Any]:
    """Say what a student is: for its meta.json.

    student (str): Its name in metrics.json.
    metrics (dict[str, Any]): The content of metrics.json.
    teacher (TeacherInfo): Its teacher.
    about (About): What is said of the package.
    RETURNS (dict[str, Any]): Fields of meta.json.
    """
    model, data = metrics["models"][student], metrics["data"]
    name_of_teacher = name_teacher(teacher)
    origin = (
        f"the black box {name_of_teacher}"
        if teacher.black_box
        else f"a teacher fine-tuned from {name_of_teacher}"
    )
    origins = {key: getattr(about, key) for key in ("author", "email", "url")}
    keys = ("accuracy", "macro_f1", "roc_auc", "ece", "brier", "agreement", "words_per_second")
    return {
        "name": about.name,
        "version": about.version,
        **{key: said for key, said in origins.items() if said},
        "description": (
            f"Text classifier ({data['task']}: {', '.join(metrics['labels'])}) of the architecture "
            f"{model['kind']}, distilled from {origin}."
        ),
        "license": about.license_name,
        "sources": [
            {"name": data["source"], "description": "labelled texts"},
            *(
                {
                    "name": source,
                    "description": "labelled texts that the teacher learned from as well",
                }
                for source in name_sources(teacher)
                if source != data["source"]
            ),
            {
                "name": name_of_teacher,
                "description": "the teacher"
                if teacher.black_box
                else "the transformer behind the teacher",
            },
        ],
        "performance": {
            **{key: model[key] for key in keys},
            "per_label": model["per_label"],
            "teacher_accuracy": metrics["models"][TEACHER]["accuracy"],
        },
    }


def package_student(
    training: Path,
    metrics_path: Path,
    teacher: TeacherInfo,
    about: About,
    output: Path,
) -> Packaged:
    """Build a wheel of the best student, with README, metrics.json and licence inside.

    training (Path): The folder of the models.
    metrics_path (Path): The file metrics.json.
    teacher (TeacherInfo): The teacher.
    about (About): What is said of the package.
    output (Path): Folder for the wheel.
    RETURNS (Packaged): The wheel and the student's name.
    RAISES (InputError): An input is missing, the name can't be used, or the wheel can't be built.
    """
    _check_name(about.name, about.version)
    metrics = _read_public_metrics(metrics_path)
    if not about.license_file.is_file():
        raise InputError(
            f"Can't find the licence {about.license_file}. Expected a text file. Set it with "
            "--vars.package_license_file."
        )
    student = metrics["data"]["best_student"]
    model_path = model_folder(training, "student", metrics["models"][student]["kind"]) / BEST
    require(model_path, step="student")
    meta = {
        **make_meta(student, metrics, teacher, about),
        "requirements": find_requirements(model_path),
    }
    full_name = f"{metrics['lang']}_{about.name}"
    with tempfile.TemporaryDirectory() as folder:
        model, built = Path(folder) / "model", Path(folder) / "built"
        shutil.copytree(model_path, model)
        old_meta = srsly.read_json(model / "meta.json")
        srsly.write_json(model / "meta.json", {**old_meta, **meta})
        srsly.write_json(model / "metrics.json", metrics)
        shutil.copy(about.license_file, model / "LICENSE")
        readme = _render_readme(full_name, student, meta, metrics, teacher)
        (model / "README.md").write_text(readme, encoding="utf8")
        built.mkdir()
        spacy_package(model, built, create_sdist=False, create_wheel=False, require_parent=True)
        wheel = _build_wheel(built / f"{full_name}-{about.version}")
        with atomic_file(output / wheel.name) as temporary:
            shutil.copy(wheel, temporary)
    models = metrics["models"]
    return Packaged(
        output / wheel.name,
        student,
        models[student]["accuracy"],
        models[twin_of(student)]["accuracy"],
    )


def name_teacher(teacher: TeacherInfo) -> str:
    """Name what is behind a teacher, for others to read.

    teacher (TeacherInfo): The teacher.
    RETURNS (str): Its name on the hub, or that of a file or folder without where it lies.
    """
    transformer = teacher.transformer.replace("\\", "/")
    name = Path(transformer)
    # A name on the hub has a slash as well, but no more; the folder may be gone, or another machine's.
    elsewhere = name.is_absolute() or transformer[:1] in (".", "~") or ":" in transformer
    is_hub = len(name.parts) <= 2 and not elsewhere and not name.exists()
    return teacher.transformer if is_hub and not teacher.black_box else name.name


def name_sources(teacher: TeacherInfo) -> list[str]:
    """Name the files that a teacher learned from.

    teacher (TeacherInfo): The teacher.
    RETURNS (list[str]): Their names, without where they lay on this machine.
    """
    return [Path(source).name for source in teacher.sources]


def _read_public_metrics(path: Path) -> dict[str, Any]:
    """Read metrics.json without what is nobody's business: where the data lay on this machine, and texts
    of it.
    """
    metrics = read_metrics(path)
    metrics["data"]["source"] = Path(metrics["data"]["source"]).name
    metrics.pop("examples", None)
    return metrics


def _check_name(name: str, version: str) -> None:
    if not re.fullmatch("[a-z][a-z0-9]*(_[a-z0-9]+)*", name):
        raise InputError(
            f"Can't name a package '{name}'. Expected lower-case letters, digits and single "
            "underscores. Set it with --vars.package_name."
        )
    # Of two numbers weasel makes one: a version 1.10 would come out as 1.1.
    if not _is_normal_version(version) or len(Version(version).release) < 3:
        raise InputError(
            f"Can't give a package the version '{version}'. Expected three numbers such as 1.10.0 or "
            "1.2.0rc1, in the normal form of PEP 440: 1.10 would be read as the number 1.1. Set it with "
            "--vars.package_version."
        )


def _render_readme(
    full_name: str,
    student: str,
    meta: Mapping[str, Any],
    metrics: Mapping[str, Any],
    teacher: TeacherInfo,
) -> str:
    models, data = metrics["models"], metrics["data"]
    return (
        make_environment()
        .get_template("card.md.jinja")
        .render(
            full_name=full_name,
            meta=meta,
            metrics=metrics,
            data=data,
            student=models[student],
            baseline=models[twin_of(student)],
            teacher=models[TEACHER],
            tfidf=models[TFIDF],
            transformer=name_teacher(teacher),
            teacher_texts=teacher.texts or data["splits"]["train"]["texts"],
            teacher_sources=name_sources(teacher) or [data["source"]],
            learned=_describe_learned(data, teacher),
        )
    )


def _describe_learned(data: Mapping[str, Any], teacher: TeacherInfo) -> str:
    """Say which texts a student learned from, after what the teacher learned from was named."""
    labelled = f"{data['splits']['train']['texts']:,}"
    if teacher.black_box:
        parts = [f"{labelled} labelled texts ({data['source']})"]
    elif len(teacher.sources) > 1:
        parts = [f"{labelled} of them ({data['source']})"]
    else:
        parts = ["them"]
    if data["synthetic"]:
        parts.append(f"{data['synthetic']:,} synthetic texts made of them")
    if POOL in data["scored"]:
        pool = f"{data['scored'][POOL]:,} texts without labels"
        if data["synthetic"]:
            parts[-1] += f" and of {pool}, and for these"
        else:
            parts.append(pool)
    return " and for ".join(parts)


def _is_normal_version(version: str) -> bool:
    try:
        return str(Version(version)) == version
    except InvalidVersion:
        return False


def _find_reason(said: str) -> str:
    """Find the last line that says what is wrong, rather than that something is, or what may be done."""
    lines = [re.sub(r"\x1b\[[0-9;]*m", "", line).strip() for line in said.splitlines()]
    found = [line for line in lines if line and not line.startswith(("TIP", "ERROR Backend"))]
    return found[-1].rstrip(".") if found else ""


def _build_wheel(source: Path) -> Path:
    """Build with the locked setuptools of this environment: no network, the same wheel each time."""
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", str(source)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        reason = _find_reason(result.stderr) or _find_reason(result.stdout) or "no reason given"
        raise InputError(
            f"Can't build a wheel: setuptools ended with code {result.returncode}: {reason}. Expected "
            f"the environment of requirements/lock.txt and room in {tempfile.gettempdir()}. Mend it and "
            "run the step 'package' again."
        )
    (wheel,) = (source / "dist").glob("*.whl")
    return wheel
