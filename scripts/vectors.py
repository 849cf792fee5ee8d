"""Make word vectors of the teacher's encodings."""

from pathlib import Path
from typing import Annotated

import typer
from tqdm import tqdm

from .console import done, run
from .distill.scoring import encode_words, list_whole_words, load_teacher, reads_lower_case
from .distill.teacher_info import read_teacher_info
from .distill.vectors import build_vectors, write_no_vectors


def vectors(
    corpus: Annotated[Path, typer.Argument(help="Folder of the gold corpus")],
    teacher: Annotated[Path, typer.Argument(help="Folder of the teacher")],
    output: Annotated[Path, typer.Argument(help="Folder for the vectors")],
    lang: Annotated[str, typer.Option(help="Language code")] = "en",
    words: Annotated[int, typer.Option(help="How many words at most", min=1)] = 30000,
    width: Annotated[int, typer.Option(help="Width of a vector", min=1)] = 64,
    seed: Annotated[int, typer.Option(help="Seed of the PCA")] = 0,
    gpu_id: Annotated[int, typer.Option(help="GPU, or -1 for the CPU")] = -1,
) -> None:
    """Let the teacher encode words one by one, and reduce what it says to vectors."""
    if read_teacher_info(teacher).black_box:
        write_no_vectors(output, lang)
        done(f"{output}: no vectors, since the teacher is a black box; students learn their own.")
        return
    nlp = load_teacher(teacher, gpu_id)
    with tqdm(unit="word", desc="Encoding") as bar:
        built = build_vectors(
            corpus,
            list_whole_words(nlp),
            lambda chosen: encode_words(nlp, chosen, progress=bar.update),
            output,
            lang=lang,
            lower=reads_lower_case(nlp),
            n_words=words,
            width=width,
            seed=seed,
        )
    done(
        f"{output}: vectors for {built.words} words, {built.width} wide, with {built.variance:.0%} "
        "of the variance."
    )


if __name__ == "__main__":
    run(vectors)
