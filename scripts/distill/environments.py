"""Environments that hold what a model needs and nothing else."""

import re
from collections.abc import Sequence
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from .errors import InputError

# Architectures of spaCy's own that need more than spaCy, and what: spaCy doesn't note it by itself.
REQUIREMENTS = {"spacy.TorchBiLSTMEncoder.v1": "torch>=2.0"}
# Languages whose tokenizer does.
LANGUAGES = {
    "ja": ["sudachipy>=0.5.2,!=0.6.1", "sudachidict-core>=20211220"],
    "ko": ["natto-py>=0.9.0"],
    "th": ["pythainlp>=2.0"],
    "vi": ["pyvi"],
}


def find_requirements(model: Path) -> list[str]:
    """Find what a pipeline needs beside spaCy.

    model (Path): Its folder.
    RETURNS (list[str]): Requirements of PEP 508.
    """
    config = (model / "config.cfg").read_text(encoding="utf8")
    found = re.search(r'^lang *= *"(\w+)"', config, re.MULTILINE)
    return [
        *LANGUAGES.get(found[1] if found else "", []),
        *(needed for architecture, needed in REQUIREMENTS.items() if architecture in config),
    ]


def list_distributions(requirements: Sequence[str]) -> list[Distribution]:
    """List what installing some packages brings, of what is installed here.

    requirements (Sequence[str]): Requirements of PEP 508.
    RETURNS (list[Distribution]): The packages and what they require, directly or not.
    """
    found: dict[str, Distribution] = {}
    seen: set[tuple[str, str]] = set()
    waiting = [Requirement(text) for text in requirements]
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        try:
            found[name] = distribution(name)
        except PackageNotFoundError:
            continue  # not installed here, nor needed where this runs
        for extra in {"", *requirement.extras} - {e for n, e in seen if n == name}:
            seen.add((name, extra))
            needed = (Requirement(text) for text in found[name].requires or ())
            waiting += [r for r in needed if not r.marker or r.marker.evaluate({"extra": extra})]
    return list(found.values())


def link_environment(folder: Path, requirements: Sequence[str]) -> None:
    """Fill a folder with links to packages that are installed here. A Python that is started with -S,
    and with the folder as PYTHONPATH, finds no others.

    folder (Path): An empty folder.
    requirements (Sequence[str]): Requirements of PEP 508; what they require is linked with them.
    RAISES (InputError): A package isn't installed as files.
    """
    for installed in list_distributions(requirements):
        names = {file.parts[0] for file in installed.files or ()} - {"..", "__pycache__"}
        if not names:
            raise InputError(
                f"Can't find the files of the package '{installed.metadata['Name']}'. Expected it as "
                "pip installs it from requirements/lock.txt. Install it anew."
            )
        for name in names:
            if not (folder / name).exists():
                (folder / name).symlink_to(Path(str(installed.locate_file(name))).resolve())
