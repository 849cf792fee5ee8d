"""Put a wheel on the Hugging Face hub, with the model card that is in it."""

import zipfile
from pathlib import Path
from urllib.parse import urlsplit

from .errors import InputError
from .products import require

CARD = "README.md"
# Its version of Typer is older than ours, but what is used of it isn't.
INSTALL = "pip install --no-deps spacy-huggingface-hub==0.0.10"


def read_card(wheel: Path) -> bytes:
    """Read the model card in a wheel.

    wheel (Path): The wheel.
    RETURNS (bytes): The content of its README.md, front matter for the hub included.
    RAISES (InputError): It isn't there, or is no wheel of the step `package`.
    """
    require(wheel, step="package")
    try:
        with zipfile.ZipFile(wheel) as archive:
            # The model's folder is the deepest one.
            names = [name for name in archive.namelist() if name.split("/")[-1] == CARD]
            return archive.read(max(names, key=lambda name: name.count("/")))
    except (zipfile.BadZipFile, ValueError) as error:
        raise InputError(
            f"Can't read {wheel}: {error}. Expected a wheel with {CARD} inside. Run the step 'package' "
            "again."
        ) from error


def publish(wheel: Path, namespace: str) -> str:
    """Upload a wheel and its files by spacy-huggingface-hub.

    wheel (Path): The wheel.
    namespace (str): User or organization on the hub; "" for whoever is logged in.
    RETURNS (str): Address of the repository.
    RAISES (InputError): The package isn't installed, the wheel can't be read, or the hub refuses.
    """
    card = read_card(wheel)
    try:
        from spacy_huggingface_hub.push import push
    except ImportError as error:
        raise InputError(
            f"Can't push {wheel}: spacy-huggingface-hub can't be used ({error}). Install it: {INSTALL}"
        ) from error
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, LocalTokenNotFoundError

    url = ""
    try:
        url = push(wheel, namespace or None)["url"]
        # It puts front matter of its own before the card's, which is the fuller one.
        HfApi().upload_file(
            path_or_fileobj=card,
            path_in_repo=CARD,
            repo_id=urlsplit(url).path.strip("/"),
            commit_message="Model card",
        )
    except (HfHubHTTPError, LocalTokenNotFoundError, OSError) as error:
        reason = " ".join(str(error).split())[:300]
        what = f"the model card of {wheel} to {url}" if url else str(wheel)
        raise InputError(
            f"Can't push {what}: {reason} Expected a hub in reach, and a token that may write: log in "
            "by `huggingface-cli login`, and run the step again."
        ) from error
    return url
