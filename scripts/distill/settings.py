"""Settings that are given by name, and checks that several registered functions share."""

from collections.abc import Sequence

from confection import ConfigValidationError

from .errors import InputError, SettingError


def split_settings(pairs: Sequence[str]) -> dict[str, str]:
    """Split settings that a step is given by name.

    pairs (Sequence[str]): Each NAME=VALUE.
    RETURNS (dict[str, str]): Values by name.
    RAISES (InputError): One has no name.
    """
    settings = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not name or not equals:
            raise InputError(
                f"Can't use the setting '{pair}'. Expected NAME=VALUE, such as seed=1. Correct it."
            )
        settings[name] = value
    return settings


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


def explain_setting(error: Exception) -> str:
    """Say on one line what is wrong with a setting of a config.

    error (Exception): What reading or using the config raised.
    RETURNS (str): Its message as a sentence, without the whole config, which confection puts behind it.
    """
    if isinstance(error, ConfigValidationError):
        error = ConfigValidationError.from_error(error, title="", show_config=False)
    return f"{' '.join(str(error).split()).rstrip('.')}."
