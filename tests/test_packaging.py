"""The wheel: complete, and plain spaCy in an environment that holds spaCy alone."""

import json
import os
import re
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from email.parser import Parser
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy
import pytest
import spacy

from scripts.distill.errors import InputError
from scripts.distill.packaging import (
    About,
    _build_wheel,
    _check_name,
    _render_readme,
    find_requirements,
    make_meta,
    name_teacher,
    package_student,
)
from scripts.distill.products import DEFAULT_STUDENTS, choose_student, split_names
from scripts.distill.teacher_info import TeacherInfo, read_teacher_info

from .conftest import ROOT, LanguagesRun, Run, make_reviews
from .made_up_metrics import make_metrics

TEXTS = [str(row["text"]) for row in make_reviews(200, seed=1)]
NAME = "en_reviews_polarity"
ABOUT = About("reviews", "0.1.0", "MIT", ROOT / "LICENSE")
SCORE = """
import json, sys, spacy
nlp = spacy.load(sys.argv[1])
texts = json.load(open("texts.json", encoding="utf8"))
batched = [doc.cats for doc in nlp.pipe(texts)]
single = [nlp(text).cats for text in texts]
print(json.dumps({"batched": batched, "single": single, "meta": nlp.meta,
    "modules": sorted({name.split(".")[0] for name in sys.modules})}))
"""


@pytest.fixture(scope="module")
def fresh_python(
    small_run: Run, languages_run: LanguagesRun, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The interpreter of a fresh environment that holds spaCy and wheels of three languages alone."""
    folder = tmp_path_factory.mktemp("fresh")
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    python = folder / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
    locked = (ROOT / "requirements" / "student.txt").read_text(encoding="utf8").splitlines()
    spacy_pin = next(line for line in locked if line.startswith("spacy=="))
    constraints = ["--constraint", str(ROOT / "requirements" / "student.txt")]
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    wheels = [small_run.wheel, *sorted((languages_run.folder / "packages").glob("*.whl"))]
    subprocess.run([*install, *constraints, spacy_pin, *map(str, wheels)], check=True)
    return python


@pytest.fixture(scope="module")
def installed(fresh_python: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the wheel says in the fresh environment."""
    folder = tmp_path_factory.mktemp("texts")
    (folder / "texts.json").write_text(json.dumps(TEXTS), encoding="utf8")
    command = [str(fresh_python), "-c", SCORE, NAME]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return json.loads(result.stdout)


def test_example_of_the_readme(fresh_python: Path, tmp_path: Path) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf8")
    example, *_ = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    result = subprocess.run(
        [fresh_python, "-c", example], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert re.fullmatch(r"\{'negative': 0\.\d+, 'positive': 0\.\d+\}\n", result.stdout)


PIPE = """
import sys, spacy

if __name__ == "__main__":
    nlp = spacy.load(sys.argv[1])
    docs = list(nlp.pipe(["Niet goed.", "C'est l'écran.", "Fine."] * 20, n_process=2))
    assert [doc.cats for doc in docs] == [doc.cats for doc in nlp.pipe([d.text for d in docs])]
    print(len(docs), nlp.lang, *docs[0].cats)
"""


# As `spacy validate`, which asks for a table of spaCy's own pipelines, from where it is given.
VALIDATE = """
import sys
from spacy import about
about.__compatibility__ = sys.argv[1]
from spacy.cli.validate import validate
validate()
"""


@contextmanager
def serve_compatibility(folder: Path) -> Iterator[str]:
    """Serve a table of compatible pipelines that knows none."""
    (folder / "compatibility.json").write_text(
        json.dumps({"spacy": {spacy.__version__: {}}}), encoding="utf8"
    )
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/compatibility.json"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("lang", ["nl", "fr"])
def test_wheel_of_another_language_is_whole(
    lang: str, fresh_python: Path, languages_run: LanguagesRun, tmp_path: Path
) -> None:
    name = f"{lang}_reviews_polarity"

    def run(*arguments: object) -> str:
        command = [fresh_python, *arguments]
        result = subprocess.run(
            [str(word) for word in command],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    # Several processes start from a script's file, not from -c.
    (tmp_path / "pipe.py").write_text(PIPE, encoding="utf8")
    assert run("pipe.py", name).split() == ["60", lang, "negative", "positive"]
    with serve_compatibility(tmp_path) as address:
        told = run("-c", VALIDATE, address)
    (valid,) = [line for line in told.splitlines() if name in line and "0.1.0" in line]
    assert "✔" in valid or "[+]" in valid
    test = languages_run.folder / "corpus" / lang / "test.spacy"
    run("-m", "spacy", "evaluate", name, test, "--output", tmp_path / "scores.json")
    scores = json.loads((tmp_path / "scores.json").read_text(encoding="utf8"))
    metrics = json.loads(
        (languages_run.folder / "training" / lang / "metrics.json").read_text(encoding="utf8")
    )
    accuracy = metrics["models"]["student_bow"]["accuracy"]
    assert scores["cats_micro_f"] == pytest.approx(accuracy)


@pytest.mark.parametrize("lang", ["nl", "fr"])
def test_meta_of_another_language_is_complete(lang: str, languages_run: LanguagesRun) -> None:
    wheel = languages_run.folder / "packages" / f"{lang}_reviews_polarity-0.1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel) as archive:
        names = {Path(name).name: name for name in archive.namelist() if "-0.1.0/" in name}
        meta = json.loads(archive.read(names["meta.json"]))
        card = archive.read(names["README.md"]).decode("utf8")
    assert (meta["lang"], meta["license"]) == (lang, "MIT")
    (requirement,) = meta["requirements"]
    assert requirement.startswith("spacy>=3.8")
    assert meta["sources"][0]["name"] == f"{lang}.jsonl"
    assert meta["labels"]["textcat"] == ["negative", "positive"]
    assert meta["spacy_version"].startswith(">=3.8")
    for key in ("accuracy", "macro_f1", "per_label", "teacher_accuracy"):
        assert key in meta["performance"]
    assert card.startswith(f"---\nlanguage:\n  - {lang}\n")
    assert "transformer0" in meta["description"]
    # The teacher learned from both languages.
    assert "on 48 labelled texts (nl.jsonl, fr.jsonl)" in card
    assert f"scores for 24 of them ({lang}.jsonl)" in card
    other = {"nl": "fr", "fr": "nl"}[lang]
    assert f"{other}.jsonl" in [source["name"] for source in meta["sources"]]
    assert str(languages_run.folder) not in card + json.dumps(meta)


def test_fresh_environment_has_spacy_alone(installed: dict[str, Any]) -> None:
    assert not {"torch", "transformers", "sklearn", "pandas", "scripts"} & set(installed["modules"])


@pytest.mark.parametrize("way", ["batched", "single"])
def test_wheel_gives_the_trained_students_scores(
    way: str, small_run: Run, installed: dict[str, Any]
) -> None:
    student = choose_student(small_run.training, split_names(DEFAULT_STUDENTS))
    nlp = spacy.load(small_run.training / "student" / student / "model-best")
    expected = [list(doc.cats.values()) for doc in nlp.pipe(TEXTS)]
    found = [list(cats.values()) for cats in installed[way]]
    numpy.testing.assert_allclose(found, expected, atol=1e-6)


def test_meta_says_what_it_is(installed: dict[str, Any], small_run: Run) -> None:
    meta = installed["meta"]
    metrics = json.loads((small_run.training / "metrics.json").read_text(encoding="utf8"))
    student = choose_student(small_run.training, split_names(DEFAULT_STUDENTS))
    assert (meta["lang"], meta["name"], meta["version"]) == ("en", "reviews_polarity", "0.1.0")
    assert meta["license"] == "MIT"
    assert (meta["author"], meta["email"]) == ("Example & Co.", "reviews@example.org")
    assert meta["url"] == "https://example.org/reviews"
    assert meta["labels"]["textcat"] == ["negative", "positive"]
    accuracy = metrics["models"][f"student_{student}"]["accuracy"]
    assert meta["performance"]["accuracy"] == pytest.approx(accuracy)
    assert "distilled from a teacher" in meta["description"]
    assert len(meta["sources"]) == 2


def test_wheel_holds_readme_metrics_and_licence(small_run: Run) -> None:
    with zipfile.ZipFile(small_run.wheel) as wheel:
        names = {Path(name).name: name for name in wheel.namelist() if NAME in name}
        assert {"README.md", "metrics.json", "LICENSE", "meta.json"} <= set(names)
        readme = wheel.read(names["README.md"]).decode("utf8")
        metrics = wheel.read(names["metrics.json"])
        metadata = next(name for name in wheel.namelist() if name.endswith("METADATA"))
        fields = Parser().parsestr(wheel.read(metadata).decode("utf8"))
    assert readme.startswith("---\nlanguage:\n  - en\n")
    assert f"\n# {NAME}\n" in readme
    expected = json.loads((small_run.training / "metrics.json").read_text(encoding="utf8"))
    # Where the data lay on this machine is left out.
    expected["data"]["source"] = "reviews.jsonl"
    # So are texts of test.
    text = expected.pop("examples")["disagreements"][0]["text"]
    assert json.loads(metrics) == expected
    with zipfile.ZipFile(small_run.wheel) as wheel:
        assert not [name for name in wheel.namelist() if text.encode() in wheel.read(name)]
    assert str(Path.home()) not in readme
    assert "/" not in re.findall(r"labelled texts \((.*?)\)", readme)[0]
    requirements = fields.get_all("Requires-Dist") or []
    assert [r.split(">")[0].split("<")[0].strip(" (") for r in requirements] == ["spacy"]


def test_best_student_on_dev_is_chosen(tmp_path: Path) -> None:
    for name, score in (("bow", 0.8), ("cnn", 0.9), ("lstm", 0.9)):
        folder = tmp_path / "student" / name / "model-best"
        folder.mkdir(parents=True)
        meta = {"performance": {"cats_micro_f": score}}
        (folder / "meta.json").write_text(json.dumps(meta), encoding="utf8")
    assert choose_student(tmp_path, ["bow", "cnn", "lstm"]) == "cnn"
    # The area under the ROC curve counts as much, where it is known.
    meta = {"performance": {"cats_micro_f": 0.85, "cats_macro_auc": 0.99}}
    (tmp_path / "student/bow/model-best/meta.json").write_text(json.dumps(meta), encoding="utf8")
    assert choose_student(tmp_path, ["bow", "cnn"]) == "bow"
    with pytest.raises(InputError, match=r"ensemble.*step 'student'"):
        choose_student(tmp_path, ["bow", "ensemble"])


@pytest.mark.parametrize(
    ("name", "version", "variable"),
    [
        ("my reviews", "0.1.0", "package_name"),
        ("Reviews", "0.1.0", "package_name"),
        ("reviews__polarity", "0.1.0", "package_name"),
        ("reviews", "0.1.0-beta", "package_version"),
        ("reviews", "one", "package_version"),
        # What weasel makes of 1.10.
        ("reviews", "1.1", "package_version"),
        ("reviews", "1.2rc1", "package_version"),
    ],
)
def test_names_and_versions_that_would_change_are_refused(
    name: str, version: str, variable: str, small_run: Run, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=rf"'({name}|{version})'.*--vars\.{variable}"):
        package_student(
            small_run.training,
            small_run.training / "metrics.json",
            read_teacher_info(small_run.teacher),
            About(name, version, "MIT", ROOT / "LICENSE"),
            tmp_path,
        )
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("version", ["0.1.0", "1.10.0", "1.2.0rc1", "2024.1.0.post1"])
def test_versions_of_three_numbers_can_be_given(version: str) -> None:
    _check_name("reviews", version)


@pytest.mark.parametrize(("name", "expected"), [("lstm", ["torch>=2.0"]), ("cnn", []), ("bow", [])])
def test_what_a_student_needs_beside_spacy(name: str, expected: list[str], tmp_path: Path) -> None:
    config = (ROOT / "configs" / f"student_{name}.cfg").read_text(encoding="utf8")
    (tmp_path / "config.cfg").write_text(config, encoding="utf8")
    assert find_requirements(tmp_path) == expected


@pytest.mark.parametrize(
    ("requirements", "expected"),
    [([], "It needs spaCy and nothing else."), (["torch>=2.0"], "It needs spaCy and torch>=2.0.")],
)
def test_card_says_what_is_needed(requirements: list[str], expected: str, small_run: Run) -> None:
    metrics = json.loads((small_run.training / "metrics.json").read_text(encoding="utf8"))
    teacher = read_teacher_info(small_run.teacher)
    meta = make_meta("student_cnn", metrics, teacher, ABOUT)
    meta["requirements"] = requirements
    card = _render_readme("en_reviews", "student_cnn", meta, metrics, teacher)
    assert expected in card.splitlines()


@pytest.mark.parametrize(
    ("scored", "expected"),
    [
        ({"gold": 480, "mix": 9000}, "for 9,000 synthetic texts made of them; chosen on"),
        (
            {"gold": 480, "mix": 9000, "pool": 3000},
            "for them and for 9,000 synthetic texts made of them and of 3,000 texts without labels, and "
            "for these; chosen on",
        ),
        (
            {"gold": 480, "pool": 3000},
            "scores for them and for 3,000 texts without labels; chosen on",
        ),
        ({"gold": 480}, "scores for them; chosen on"),
    ],
)
def test_card_says_what_synthetic_texts_are_made_of(
    scored: dict[str, int], expected: str, small_run: Run
) -> None:
    metrics = json.loads((small_run.training / "metrics.json").read_text(encoding="utf8"))
    metrics["data"] |= {"scored": scored, "synthetic": scored.get("mix", 0)}
    teacher = read_teacher_info(small_run.teacher)
    meta = {**make_meta("student_cnn", metrics, teacher, ABOUT), "requirements": []}
    assert expected in _render_readme("en_reviews", "student_cnn", meta, metrics, teacher)


def test_card_does_not_say_that_a_black_box_saw_labelled_texts() -> None:
    metrics = make_metrics()
    metrics["models"]["teacher"]["kind"] = "black_box"
    teacher = TeacherInfo("my_api:classify", "f", "[MASK]", metrics["labels"], 0.8, black_box=True)
    meta = {**make_meta("student_cnn", metrics, teacher, ABOUT), "requirements": []}
    card = _render_readme("en_reviews", "student_cnn", meta, metrics, teacher)
    assert "- **Teacher**: the black box my_api:classify.\n" in card
    texts = metrics["data"]["splits"]["train"]["texts"]
    assert f"scores for {texts:,} labelled texts ({metrics['data']['source']}) and for " in card


@pytest.mark.parametrize(
    ("author", "email", "url"),
    [
        ("", "", ""),
        ("A. Maker", "maker@example.org", "https://example.org"),
        ("", "", "https://example.org"),
    ],
)
def test_meta_says_who_made_it_where_that_is_known(author: str, email: str, url: str) -> None:
    teacher = TeacherInfo("tiny", "f", "[MASK]", ["negative", "positive"], 0.8)
    about = ABOUT._replace(author=author, email=email, url=url)
    meta = make_meta("student_cnn", make_metrics(), teacher, about)
    given = {"author": author, "email": email, "url": url}
    for key, said in given.items():
        assert meta.get(key, "") == said
        assert (key in meta) == bool(said)


@pytest.mark.parametrize(
    ("setup", "reason"),
    [
        ("raise OSError(28, 'No space left on device')", "No space left on device"),
        ("from setuptools import setup; setup(packages=['nothere'])", "'nothere' does not exist"),
    ],
)
def test_a_wheel_that_cannot_be_built_says_why(setup: str, reason: str, tmp_path: Path) -> None:
    (tmp_path / "setup.py").write_text(setup, encoding="utf8")
    with pytest.raises(InputError, match=rf"with code 1: .*{reason}\. Expected the environment"):
        _build_wheel(tmp_path)


@pytest.mark.parametrize("black_box", [False, True])
def test_teachers_are_named_without_where_they_lie(tmp_path: Path, black_box: bool) -> None:
    def name(transformer: str) -> str:
        info = TeacherInfo(transformer, "", "", ["a", "b"], 0.5, black_box=black_box)
        return name_teacher(info)

    assert name(str(tmp_path)) == tmp_path.name
    assert name("/home/somebody/models/bert") == "bert"
    for folder in ("models/of", "..", ".", "~", "D:"):
        assert name(f"{folder}/bert") == "bert"
    assert name("C:\\models\\bert") == "bert"
    if not black_box:
        assert name("distilbert/distilbert-base-uncased") == "distilbert/distilbert-base-uncased"
