"""Measure a model in a process of its own, and say what it was measured on."""

import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy
import psutil
import srsly
from numpy.typing import NDArray

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "RAYON_NUM_THREADS",  # of transformers' tokenizers
)
THREADS = 1


class Measured(NamedTuple):
    """What a process found out about a model: probabilities of the shape (texts, labels), its cost, and
    probabilities of dev's texts where it was asked for them.
    """

    probabilities: NDArray[numpy.float64]
    cost: dict[str, Any]
    dev: NDArray[numpy.float64]


def measure_in_subprocess(
    model: Path, texts: list[str], labels: Sequence[str], dev_texts: Sequence[str] = ()
) -> Measured:
    """Measure a model in a fresh process on one thread.

    model (Path): A spaCy pipeline's folder, or a joblib file.
    texts (list[str]): The texts.
    labels (Sequence[str]): The labels, in the order wanted.
    dev_texts (Sequence[str]): Texts to give probabilities for alone.
    RETURNS (Measured): Probabilities and cost.
    RAISES (subprocess.CalledProcessError): The process failed; its message is on stderr.
    """
    threads = {name: str(THREADS) for name in THREAD_VARIABLES}
    task = {"texts": texts, "labels": list(labels), "dev_texts": list(dev_texts)}
    with tempfile.TemporaryDirectory() as folder:
        request, output = Path(folder) / "request.json", Path(folder) / "measured.npz"
        srsly.write_json(request, task)
        subprocess.run(
            [sys.executable, "-m", "scripts.distill.measure", model.resolve(), request, output],
            check=True,
            env={**os.environ, **threads},
            cwd=Path(__file__).parents[2],
        )
        with numpy.load(output) as result:
            cost = json.loads(str(result["cost"]))
            return Measured(result["probabilities"], cost, result["dev"])


def size_mb(path: Path) -> float:
    """Add up the size of a file or of all files in a folder.

    path (Path): The file or folder.
    RETURNS (float): MB (10^6 bytes).
    """
    files = [path] if path.is_file() else [p for p in path.rglob("*") if p.is_file()]
    return sum(file.stat().st_size for file in files) / 1e6


def describe_machine() -> dict[str, Any]:
    """Describe where figures of cost come from.

    RETURNS (dict[str, Any]): System, Python, cores, memory and threads used.
    """
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "cores": psutil.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "threads_measured": THREADS,
    }
