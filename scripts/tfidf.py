"""Train the rival: TF-IDF and logistic regression."""

from pathlib import Path
from typing import Annotated

import typer

from .console import done, run
from .distill.tfidf import train_tfidf


def tfidf(
    corpus: Annotated[Path, typer.Argument(help="Folder of the gold corpus")],
    output: Annotated[Path, typer.Argument(help="Folder for the classifier")],
    lang: Annotated[str, typer.Option(help="Language code")] = "en",
    seed: Annotated[int, typer.Option(help="Seed of the solver")] = 0,
) -> None:
    """Train TF-IDF and logistic regression on the gold labels."""
    trained = train_tfidf(corpus, output, lang=lang, seed=seed)
    done(
        f"{trained.path}: TF-IDF and logistic regression (C = {trained.strength:g}), "
        f"{trained.dev_score:.1%} on dev."
    )


if __name__ == "__main__":
    run(tfidf)
