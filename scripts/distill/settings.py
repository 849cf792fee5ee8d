"""Checks of settings that several registered functions take."""

from .errors import SettingError


def check_share(name: str, value: float, function: str) -> None:
    """Check that a setting is a probability.

    name (str): The setting.
    value (float): Its value.
    function (str): The registered function it belongs to.
    RAISES (ValueError): The value isn't above 0 and at most 1.
    """
    if not 0 < value <= 1:
        raise SettingError(
            f"Can't use {name} = {value} in {function}. Expected a probability above 0, at most 1."
        )


def check_least(name: str, value: int, least: int, function: str) -> None:
    """Check that a setting is large enough.

    name (str): The setting.
    value (int): Its value.
    least (int): The smallest value that it may have.
    function (str): The registered function it belongs to.
    RAISES (ValueError): The value is below the least.
    """
    if value < least:
        raise SettingError(f"Can't use {name} = {value} in {function}. Expected {least} or more.")
