"""Train the rival: TF-IDF and logistic regression."""

from pathlib import Path
from typing import Annotated

import typer
from tqdm import tqdm

from .console import done, run
from .distill.tfidf import STRENGTHS, train_tfidf


def tfidf(
    corpus: Annotated[Path, typer.Argument(help="Folder of the gold corpus")],
    output: Annotated[Path, typer.Argument(help="Folder for the classifier")],
    lang: Annotated[str, typer.Option(help="Language code")] = "en",
) -> None:
    """Train TF-IDF and logistic regression on the gold labels."""
    with tqdm(total=len(STRENGTHS), unit="fit", desc="TF-IDF") as bar:
        trained = train_tfidf(corpus, output, lang=lang, progress=bar.update)
    done(
        f"{trained.path}: TF-IDF and logistic regression (C = {trained.strength:g}), "
        f"{trained.dev_score:.1%} on dev."
    )


if __name__ == "__main__":
    run(tfidf)
