"""The exceptions for what a user can put right."""


class InputError(Exception):
    """Something a user gave (a file, a row, a setting) can't be used.

    The message says what failed, where, what was found, what was expected and what to do next, and
    is all that a script prints before it exits with 1. Whatever else is raised is a fault of ours
    and keeps its traceback.
    """


class SettingError(ValueError):
    """A setting in a config can't be used, or doesn't fit the data it meets.

    Raised by what spaCy builds from a config; the step that trains turns it into an InputError that
    names the config.
    """
