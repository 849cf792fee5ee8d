"""A wheel goes to the hub with its own model card."""

import sys
import zipfile
from pathlib import Path
from types import ModuleType

import huggingface_hub
import pytest

from scripts.distill.errors import InputError
from scripts.distill.publishing import publish, read_card

from .conftest import RunStep

NAME = "en_reviews_polarity"
CARD = b"---\nlicense: mit\n---\n\n# en_reviews_polarity\n"


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    path = tmp_path / f"{NAME}-0.1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{NAME}/README.md", "outer")
        archive.writestr(f"{NAME}/{NAME}-0.1.0/README.md", CARD)
    return path


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, object]]:
    """What a made-up hub has been sent."""
    sent: list[dict[str, object]] = []

    def push(path: Path, namespace: str | None) -> dict[str, str]:
        sent.append({"wheel": path, "namespace": namespace})
        return {"url": f"https://hub.example/{namespace or 'me'}/{NAME}"}

    module = ModuleType("spacy_huggingface_hub.push")
    module.push = push  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "spacy_huggingface_hub", ModuleType("spacy_huggingface_hub"))
    monkeypatch.setitem(sys.modules, "spacy_huggingface_hub.push", module)
    monkeypatch.setattr(
        huggingface_hub.HfApi, "upload_file", lambda _, **kwargs: sent.append(kwargs)
    )
    return sent


def test_wheel_and_card_are_sent(
    wheel: Path, hub: list[dict[str, object]], run_step: RunStep
) -> None:
    outcome = run_step("push", wheel, "--namespace", "somebody")
    assert outcome.code == 0, outcome.output
    assert f"pushed to https://hub.example/somebody/{NAME}" in outcome.output
    assert hub[0] == {"wheel": wheel, "namespace": "somebody"}
    assert hub[1]["path_or_fileobj"] == CARD
    assert (hub[1]["path_in_repo"], hub[1]["repo_id"]) == ("README.md", f"somebody/{NAME}")


def test_without_a_namespace_it_is_the_users_own(wheel: Path, hub: list[dict[str, object]]) -> None:
    assert publish(wheel, "") == f"https://hub.example/me/{NAME}"
    assert hub[0]["namespace"] is None


def test_package_that_is_missing_is_named(wheel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "spacy_huggingface_hub", None)
    with pytest.raises(InputError, match=r"can't be used.*pip install --no-deps spacy-hugg"):
        publish(wheel, "")


@pytest.mark.usefixtures("hub")
def test_hub_that_refuses_is_no_traceback(wheel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError("no network")

    monkeypatch.setattr(huggingface_hub.HfApi, "upload_file", refuse)
    expected = r"model card of .*whl to https://hub.*no network Expected a hub.*login"
    with pytest.raises(InputError, match=expected):
        publish(wheel, "")


def test_what_is_no_wheel_stops(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="step 'package'"):
        read_card(tmp_path / "missing.whl")
    (tmp_path / "text.whl").write_text("no archive")
    with pytest.raises(InputError, match=r"Can't read .*text\.whl.*step 'package' again"):
        read_card(tmp_path / "text.whl")
    with zipfile.ZipFile(tmp_path / "empty.whl", "w"):
        pass
    with pytest.raises(InputError, match=r"README\.md inside"):
        read_card(tmp_path / "empty.whl")


def test_it_is_not_done_by_default() -> None:
    from .test_project import PROJECT

    assert all("push" not in steps for steps in PROJECT["workflows"].values())
    assert "push" in {command["name"] for command in PROJECT["commands"]}
