"""Package the best student as a wheel."""

from pathlib import Path
from typing import Annotated

import typer
from tqdm import tqdm

from .console import done, run, warn
from .distill.packaging import About, package_student
from .distill.teacher_info import read_teacher_info


def package(
    training: Annotated[Path, typer.Argument(help="Folder of the models")],
    metrics: Annotated[Path, typer.Argument(help="The file metrics.json")],
    output: Annotated[Path, typer.Argument(help="Folder for the wheel")],
    name: Annotated[str, typer.Option(help="Package name without language")] = "reviews_polarity",
    version: Annotated[str, typer.Option(help="Package version, of three numbers")] = "0.1.0",
    license_name: Annotated[str, typer.Option(help="Short name of the licence")] = "MIT",
    license_file: Annotated[Path, typer.Option(help="The licence")] = Path("LICENSE"),
    author: Annotated[str, typer.Option(help="Who made the package")] = "",
    email: Annotated[str, typer.Option(help="The maker's e-mail address")] = "",
    url: Annotated[str, typer.Option(help="The package's web page")] = "",
) -> None:
    """Build a wheel of the student that did best on dev."""
    teacher = read_teacher_info(training / "teacher")
    with tqdm(total=1, unit="wheel", desc="Packaging") as bar:
        about = About(name, version, license_name, license_file, author, email, url)
        packaged = package_student(training, metrics, teacher, about, output)
        bar.update()
    size = packaged.wheel.stat().st_size / 1e6
    if packaged.accuracy < packaged.baseline_accuracy:
        warn(
            f"On test {packaged.student} is right for {packaged.accuracy:.1%}, the same without a "
            f"teacher for {packaged.baseline_accuracy:.1%}. The report says how sure that is. More "
            "texts (--vars.pool) or a better teacher (--vars.transformer) may help."
        )
    done(f"{packaged.wheel}: {packaged.student}, {size:.1f} MB. Install it with pip.")


if __name__ == "__main__":
    run(package)
