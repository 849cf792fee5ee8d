"""How every step talks: one line of outcome, or one message of what to put right."""

import io
import sys
from collections.abc import Callable

import typer

from .distill.errors import InputError


def run(command: Callable[..., None]) -> None:
    """Run a step's function as a command line; turn an InputError into one message and exit code 1.

    command (Callable): A function with Typer annotations.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal may know fewer characters
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(command)
    try:
        app()
    except InputError as error:
        sys.stdout.flush()
        typer.secho(f"✘ {error}", fg=typer.colors.RED, err=True)
        sys.exit(1)
    except KeyboardInterrupt:
        message = "Interrupted: nothing half-written is left. Run the same command again."
        typer.secho(f"⚠ {message}", fg=typer.colors.YELLOW, err=True)
        sys.exit(130)


def done(text: str) -> None:
    """Print a step's line of outcome.

    text (str): The line.
    """
    typer.secho(f"✔ {text}", fg=typer.colors.GREEN)
