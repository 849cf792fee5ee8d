"""Put a wheel on the Hugging Face hub."""

from pathlib import Path
from typing import Annotated

import typer

from .console import done, run
from .distill.publishing import publish


def push(
    wheel: Annotated[Path, typer.Argument(help="The wheel")],
    namespace: Annotated[
        str, typer.Option(help="User or organization on the hub; none: whoever is logged in")
    ] = "",
) -> None:
    """Upload a wheel, its files and its model card; anyone can see and install it then."""
    done(f"{wheel}: pushed to {publish(wheel, namespace)}.")


if __name__ == "__main__":
    run(push)
