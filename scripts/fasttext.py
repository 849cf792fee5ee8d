"""Train the rival that is fastest: fastText."""

from pathlib import Path
from typing import Annotated

import typer
from tqdm import tqdm

from .console import done, run
from .distill.fasttext_peer import SETTINGS, train_fasttext


def fasttext(
    corpus: Annotated[Path, typer.Argument(help="Folder of the gold corpus")],
    output: Annotated[Path, typer.Argument(help="Folder for the classifier")],
    lang: Annotated[str, typer.Option(help="Language code")] = "en",
    seed: Annotated[int, typer.Option(help="Seed of weights and order")] = 0,
) -> None:
    """Train fastText on the gold labels, where it is installed."""
    with tqdm(total=len(SETTINGS), unit="fit", desc="fastText") as bar:
        trained = train_fasttext(corpus, output, lang=lang, seed=seed, progress=bar.update)
    if trained is None:
        done(
            f"{output}: fastText isn't installed and is left out of the comparison. To have it there, "
            "install requirements/lock.txt and run the step 'baseline' again with --force."
        )
        return
    done(
        f"{trained.path}: fastText (learning rate {trained.setting.learn_rate:g}, "
        f"{trained.setting.epochs} epochs), {trained.dev_score:.1%} on dev."
    )


if __name__ == "__main__":
    run(fasttext)
