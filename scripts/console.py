"""How every step talks: one line of outcome, or one message of what to put right."""

import functools
import io
import os
import sys
from collections.abc import Callable
from enum import Enum
from typing import Any

import typer

from .distill.errors import InputError

INTERRUPTED = (
    "Interrupted. Run the same command again: what was complete is kept, and what is left over is "
    "cleared away."
)
EXIT_INTERRUPTED = 130
WINDOWS = os.name == "nt"


class Switch(str, Enum):
    """A variable of project.yml that is true or false, in whatever case weasel writes it."""

    true = "true"
    false = "false"


class OnInvalid(str, Enum):
    """Stop with a message at the first invalid row, or drop and count them."""

    stop = "stop"
    skip = "skip"


def run(command: Callable[..., None]) -> None:
    """Run a step's function as a command line; turn an InputError into one message and exit code 1.

    command (Callable): A function with Typer annotations.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal may know fewer characters
    if WINDOWS:
        sys.argv[1:] = map(strip_quotes, sys.argv[1:])
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

    # Within the command: Typer ends the process itself when it meets an interrupt.
    @app.command()
    @functools.wraps(command)
    def guarded(**kwargs: Any) -> None:
        try:
            command(**kwargs)
        except InputError as error:
            sys.stdout.flush()
            typer.secho(f"✘ {error}", fg=typer.colors.RED, err=True)
            raise typer.Exit(1) from error
        except KeyboardInterrupt as interrupt:
            typer.secho(f"⚠ {INTERRUPTED}", fg=typer.colors.YELLOW, err=True)
            raise typer.Exit(EXIT_INTERRUPTED) from interrupt

    app()


def strip_quotes(argument: str) -> str:
    """Take the quotes off an argument of project.yml: on Windows weasel leaves them on.

    argument (str): The argument.
    RETURNS (str): What is between the quotes; without any, the argument.
    """
    quoted = len(argument) > 1 and argument[0] == argument[-1] == '"'
    return argument[1:-1] if quoted else argument


def done(text: str) -> None:
    """Print a step's line of outcome.

    text (str): The line.
    """
    typer.secho(f"✔ {text}", fg=typer.colors.GREEN)


def warn(text: str) -> None:
    """Print what a user should know before going on.

    text (str): The line.
    """
    typer.secho(f"⚠ {text}", fg=typer.colors.YELLOW)
