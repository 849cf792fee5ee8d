"""How every step talks: one line of outcome, or one message of what to put right."""

import sys
from collections.abc import Callable

import typer
from wasabi import msg

from .distill.errors import InputError


def run(command: Callable[..., None]) -> None:
    """Run a step's function as a command line; turn an InputError into one message and exit code 1.

    command (Callable): A function with Typer annotations.
    """
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(command)
    try:
        app()
    except InputError as error:
        sys.stdout.flush()
        msg.fail(str(error))
        sys.exit(1)
    except KeyboardInterrupt:
        msg.warn("Interrupted: nothing half-written is left. Run the same command again.")
        sys.exit(130)


def done(text: str) -> None:
    """Print a step's line of outcome.

    text (str): The line.
    """
    msg.good(text)
