"""Public data sets, on a few made-up rows in the forms that they are published in."""

import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path

import pytest
import srsly

from scripts.distill.errors import InputError
from scripts.distill.public_data import SETS, PublicText, RawTexts, get_set, read_public

from .conftest import ROOT

HEADER = ",count,hate_speech,offensive_language,neither,class,tweet\n"
FETCH = r"python -m spacy project assets --extra \."


def write_lines(path: Path, *lines: str, end: str = "\n") -> Path:
    path.write_bytes("".join(f"{line}{end}" for line in lines).encode("utf8"))
    return path


def write_archive(path: Path, files: Mapping[str, str] | Mapping[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            data = content.encode("utf8") if isinstance(content, str) else content
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


def write_review(title: object, body: object, rating: object) -> str:
    return json.dumps({"title": title, "body": body, "rating": rating})


def test_product_reviews(tmp_path: Path) -> None:
    path = write_lines(
        tmp_path / "reviews.ndjson",
        write_review("Boils fast", "I use it daily.", "pos"),
        "",
        write_review("", " Leaks; don't. ", "neg"),
        write_review("Neither here", "Nor there\u2028at all.", "mixed"),
    )
    assert read_public(path, "nlptown").texts == [
        PublicText("Boils fast. I use it daily.", ["pos"]),
        PublicText("Leaks; don't.", ["neg"]),
        PublicText("Neither here. Nor there\u2028at all.", None),
    ]


@pytest.mark.parametrize(
    ("line", "found", "expected"),
    [
        ('{"title": "cut', "cut", "'title', 'body' and 'rating'"),
        ('["a", "b"]', '"a", "b"', "'title', 'body' and 'rating'"),
        ('{"title": "a", "body": "b"}', "'{\"title", "'title', 'body' and 'rating'"),
        (write_review("a", "b", "5"), "'5' as 'rating'", "'pos', 'neg' or 'mixed'"),
        (write_review("a", "b", ["pos"]), r"\['pos'\] as 'rating'", "'pos', 'neg' or 'mixed'"),
        (write_review("a", "  ", "pos"), "'  ' as 'body'", "a text"),
        (write_review("a", None, "pos"), "None as 'body'", "a text"),
        (write_review(3, "b", "pos"), "3 as 'title'", "a text"),
    ],
)
def test_product_reviews_of_another_form(
    line: str, found: str, expected: str, tmp_path: Path
) -> None:
    good = write_review("a", "b", "pos")
    path = write_lines(tmp_path / "reviews.ndjson", good, line)
    with pytest.raises(
        InputError, match=rf"reviews\.ndjson, row 2: found .*{found}.*, expected .*{expected}"
    ):
        read_public(path, "nlptown")
    assert read_public(path, "nlptown", skip_invalid=True) == RawTexts(
        [PublicText("a. b", ["pos"])], 1
    )


def test_film_reviews_are_read_from_the_archive(tmp_path: Path) -> None:
    path = write_archive(
        tmp_path / "aclImdb_v1.tar.gz",
        {
            "aclImdb/README": "not a review",
            "aclImdb/train/urls_pos.txt": "not a review",
            "aclImdb/train/unsup/0_0.txt": "nor one with a label",
            "aclImdb/train/pos/0_9.txt": "Long.<br /><br />Good, though.",
            "aclImdb/test/neg/3_1.txt": "Dull caf\u00e9 scenes.",
        },
    )
    assert read_public(path, "imdb") == RawTexts(
        [
            PublicText("Long. Good, though.", ["pos"], "train"),
            PublicText("Dull caf\u00e9 scenes.", ["neg"], "test"),
        ],
        0,
    )
    assert [file.name for file in tmp_path.iterdir()] == ["aclImdb_v1.tar.gz"]  # nothing unpacked


@pytest.mark.parametrize(
    ("content", "found"), [(b"caf\xe9 noir", "found .* at byte 3, expected UTF-8"), (b" ", "' '")]
)
def test_film_reviews_of_another_form(content: bytes, found: str, tmp_path: Path) -> None:
    files = {"aclImdb/train/pos/0_9.txt": b"Fine.", "aclImdb/train/neg/1_2.txt": content}
    path = write_archive(tmp_path / "aclImdb_v1.tar.gz", files)
    with pytest.raises(InputError, match=rf"aclImdb/train/neg/1_2\.txt: .*{found}"):
        read_public(path, "imdb")
    assert read_public(path, "imdb", skip_invalid=True).invalid == 1


def test_subtitles(tmp_path: Path) -> None:
    path = write_lines(
        tmp_path / "nl.tsv",
        "Mayday !\t4",
        "Right , then . \t8, 1",
        '"He said ""no"" again."\t7,1',
        '"Not" so "fast"\t6',
        '"\t3',
        end="\r\n",
    )
    assert read_public(path, "xed-nl").texts == [
        PublicText("Mayday !", ["fear"]),
        PublicText("Right , then .", ["anger", "trust"]),
        PublicText('He said "no" again.', ["anger", "surprise"]),
        PublicText('"Not" so "fast"', ["sadness"]),
        PublicText('"', ["disgust"]),
    ]


@pytest.mark.parametrize(
    "line",
    [
        "No numbers",
        "Nine\t9",
        "Neutral\t0",
        "As a set\t{'4'}",
        "Nothing\t",
        "da/2017/1.xml.gz\tde/2017/2.xml.gz\t187\t210\tDet vil jeg.\t2, 4",
    ],
)
def test_subtitles_of_another_form(line: str, tmp_path: Path) -> None:
    path = write_lines(tmp_path / "de.tsv", "Gut .\t5", line)
    with pytest.raises(
        InputError, match=r"de\.tsv, row 2: found .*, expected .* 1 to 8.*--vars\.on_invalid skip"
    ):
        read_public(path, "xed-de")
    assert read_public(path, "xed-de", skip_invalid=True).invalid == 1


def test_blank_subtitle(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "de.tsv", "Gut .\t5", " \t5")
    with pytest.raises(InputError, match="row 2: found ' ' as the text, expected a text"):
        read_public(path, "xed-de")


def test_tweets(tmp_path: Path) -> None:
    path = write_lines(
        tmp_path / "labeled_data.csv",
        HEADER.strip(),
        "0,3,0,0,3,2,Bins go out on Monday &amp; Friday",
        '1,3,0,3,0,1,"""Rude,"" she said\n\nand left"',
        "7,3,3,0,0,0,Something hateful",
    )
    assert read_public(path, "tweets").texts == [
        PublicText("Bins go out on Monday &amp; Friday", ["neither"]),
        PublicText('"Rude," she said\n\nand left', ["offensive"]),
        PublicText("Something hateful", ["hate"]),
    ]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("1,3,0,3,0,3,x", "row 2: found '3' as 'class', expected 0, 1 or 2"),
        ("1,3,0,3,0,1,", "row 2: found '' as 'tweet', expected a text"),
        ("1,3,0,3,0", r"row 2: found \['1', .*, None\], expected a field a column"),
        ("1,3,0,3,0,1,x,y", r"row 2: found \['1', .*\['y'\]\], expected a field a column"),
    ],
)
def test_tweets_of_another_form(row: str, message: str, tmp_path: Path) -> None:
    path = write_lines(
        tmp_path / "labeled_data.csv", HEADER.strip(), "0,3,0,0,3,2,Fine", row, "2,3,0,0,3,2,Too"
    )
    with pytest.raises(InputError, match=message):
        read_public(path, "tweets")
    found = read_public(path, "tweets", skip_invalid=True)
    assert ([text.text for text in found.texts], found.invalid) == (["Fine", "Too"], 1)


def test_tweets_with_other_columns(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "labeled_data.csv", "label,text", "1,x")
    with pytest.raises(InputError, match="found the columns label, text, expected 'class'"):
        read_public(path, "tweets")


@pytest.mark.parametrize("name", SETS)
def test_missing_file_says_how_to_fetch_it(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=rf"Can't find .*raw\.x.*{FETCH}.*--vars\.public_file"):
        read_public(tmp_path / "raw.x", name)


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"", b"\n"], ids=["binary", "empty", "blank"])
def test_files_of_another_kind(name: str, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / get_set(name).file
    path.write_bytes(content)
    with pytest.raises(InputError, match=rf"Can't .*Delete the file and fetch it again.*{FETCH}"):
        read_public(path, name)


@pytest.mark.parametrize("name", [name for name in SETS if name != "nlptown"])
@pytest.mark.parametrize("skip_invalid", [False, True])
def test_another_sets_file_is_not_to_be_deleted(
    name: str, skip_invalid: bool, tmp_path: Path
) -> None:
    """As where --vars.public is set alone."""
    review = write_review("a", "b", "pos")
    path = write_lines(tmp_path / "review_corpus_en.ndjson", review, review)
    with pytest.raises(InputError) as caught:
        read_public(path, name, skip_invalid=skip_invalid)
    message = str(caught.value)
    assert f". Expected {SETS[name].file}. Set it with --vars.public_file." in message
    assert "Delete" not in message
    assert "etch" not in message


def test_damaged_archive(tmp_path: Path) -> None:
    path = write_archive(tmp_path / "whole", {"aclImdb/train/pos/0_9.txt": "Fine. " * 1000})
    cut = tmp_path / "aclImdb_v1.tar.gz"
    cut.write_bytes(path.read_bytes()[:60])
    with pytest.raises(InputError, match=rf"Can't read .*aclImdb_v1\.tar\.gz: .*{FETCH}"):
        read_public(cut, "imdb")


def test_open_quote_in_tweets(tmp_path: Path) -> None:
    path = write_lines(
        tmp_path / "labeled_data.csv", HEADER.strip(), f'0,3,0,0,3,2,"{"x" * 200_000}'
    )
    with pytest.raises(InputError, match=rf"Can't read .*field larger than.*{FETCH}"):
        read_public(path, "tweets")


def test_unknown_set() -> None:
    with pytest.raises(
        InputError, match=r"'imbd'. Expected one of: nlptown, imdb, .*--vars\.public"
    ):
        get_set("imbd")


def test_assets_are_pinned() -> None:
    """A commit in the address, or a checksum: what is fetched is what was converted before."""
    assets = srsly.read_yaml(ROOT / "project.yml")["assets"]
    assert len({asset["dest"] for asset in assets}) == len(assets) == len(SETS)
    assert {Path(asset["dest"]).name for asset in assets} == {s.file for s in SETS.values()}
    for asset in assets:
        commit = asset["url"].removeprefix("https://raw.githubusercontent.com/").split("/")[2]
        pinned = len(commit) == 40 and set(commit) <= set("0123456789abcdef")
        assert pinned is ("checksum" not in asset)
        assert asset["extra"] is True  # fetched only when asked for
        assert asset["dest"].startswith("assets/public/")
