"""Package the best student as a wheel."""

from pathlib import Path
from typing import Annotated

import typer

from .console import done, run
from .distill.packaging import package_student
from .distill.teacher_info import read_teacher_info


def package(
    training: Annotated[Path, typer.Argument(help="Folder of the models")],
    metrics: Annotated[Path, typer.Argument(help="The file metrics.json")],
    output: Annotated[Path, typer.Argument(help="Folder for the wheel")],
    student: Annotated[str, typer.Option(help="Architectures to choose from")] = "bow,cnn",
    name: Annotated[str, typer.Option(help="Package name without language")] = "reviews_polarity",
    version: Annotated[str, typer.Option(help="Package version")] = "0.1.0",
    license_file: Annotated[Path, typer.Option(help="The licence")] = Path("LICENSE"),
) -> None:
    """Build a wheel of the student that did best on dev."""
    packaged = package_student(
        training,
        metrics,
        read_teacher_info(training / "teacher"),
        license_file,
        output,
        architectures=student.split(","),
        name=name,
        version=version,
    )
    size = packaged.wheel.stat().st_size / 1e6
    done(f"{packaged.wheel}: {packaged.student}, {size:.1f} MB. Install it with pip.")


if __name__ == "__main__":
    run(package)
