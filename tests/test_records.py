import random
from collections.abc import Iterator
from pathlib import Path

import numpy
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scripts.distill import records
from scripts.distill.errors import InputError
from scripts.distill.records import (
    GOLD,
    METADATA_KEY,
    TextRow,
    TextsMeta,
    open_texts,
    read_column,
    read_scores,
    read_texts,
    read_texts_meta,
    write_scores,
    write_texts,
)

META = TextsMeta(["negative", "positive"], "a1b2c3", "[MASK]", 7)
ROWS = [
    TextRow("Great kettle 👍", "reviews:1", GOLD),
    TextRow("Great [MASK],\nreally", "reviews:1", "mask"),
    TextRow("NA", "réviews:12", "mask"),
]
LOGITS = numpy.array([[-1.5, 1.5], [0.25, 0.0], [3e-7, -40.0]], dtype="float32")


def test_texts_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "new" / "texts.parquet"
    write_texts(path, ROWS, META)
    assert list(read_texts(path)) == ROWS
    assert read_texts_meta(path) == META
    assert [p.name for p in path.parent.iterdir()] == ["texts.parquet"]


def test_texts_may_be_none_at_all(tmp_path: Path) -> None:
    write_texts(tmp_path / "texts.parquet", [], META)
    assert list(read_texts(tmp_path / "texts.parquet")) == []
    assert read_texts_meta(tmp_path / "texts.parquet") == META


def test_texts_of_several_batches_keep_their_order(tmp_path: Path) -> None:
    rows = [TextRow(f"text {i}", f"reviews:{i}", "mask") for i in range(70_000)]
    write_texts(tmp_path / "texts.parquet", rows, META)
    assert list(read_texts(tmp_path / "texts.parquet")) == rows


def test_scores_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "scored.parquet"
    write_scores(path, ROWS, LOGITS, META)
    scored = read_scores(path)
    assert scored.texts == [row.text for row in ROWS]
    assert scored.methods == [row.method for row in ROWS]
    assert scored.logits.dtype == numpy.float32
    assert scored.logits.tolist() == LOGITS.tolist()
    assert scored.meta == META
    # A file of scores is one of texts too.
    assert list(read_texts(path)) == ROWS
    assert read_texts_meta(path) == META


def test_texts_are_written_group_by_group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "ROWS_PER_GROUP", 4)
    path = tmp_path / "texts.parquet"
    rows = [TextRow(f"text {i}", f"reviews:{i}", "mask") for i in range(17)]
    with open_texts(path, META) as write:
        write(rows[:10])
        write([])
        write(row for row in rows[10:])
        assert not path.exists()
    assert list(read_texts(path)) == rows
    assert read_texts_meta(path) == META
    file = pq.ParquetFile(path)
    sizes = [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)]
    assert sizes == [4, 4, 2, 4, 3]


def test_texts_that_fail_leave_the_old_ones(tmp_path: Path) -> None:
    path = tmp_path / "texts.parquet"
    write_texts(path, ROWS, META)

    def fail() -> Iterator[TextRow]:
        yield from [TextRow("new", "reviews:1", "mask")] * 5000
        raise InputError("no more")

    with pytest.raises(InputError):
        write_texts(path, fail(), META)
    assert list(read_texts(path)) == ROWS
    assert [p.name for p in tmp_path.iterdir()] == ["texts.parquet"]


def test_damage_in_the_midst_of_a_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "texts.parquet"
    write_texts(path, [TextRow(f"text {i}", f"r:{i}", "mask") for i in range(5000)], META)
    content = path.read_bytes()
    path.write_bytes(content[:100] + b"\xff" * 1000 + content[1100:])
    for read in (read_texts(path), read_column(path, "text")):
        with pytest.raises(InputError, match=r"Can't read .*texts\.parquet: .*damaged"):
            list(read)


def test_texts_are_read_in_little_memory(tmp_path: Path) -> None:
    """Left to itself Arrow would read the whole file ahead."""
    rng = random.Random(0)
    rows = [TextRow(rng.randbytes(400).hex(), f"r:{i}", "mask") for i in range(30000)]
    write_texts(tmp_path / "texts.parquet", rows, META)
    size = (tmp_path / "texts.parquet").stat().st_size
    before = pa.total_allocated_bytes()
    most = max(pa.total_allocated_bytes() for _ in read_texts(tmp_path / "texts.parquet"))
    assert size > 10_000_000
    assert most - before < size / 1.5


@settings(deadline=None, max_examples=25)
@given(
    texts=st.lists(st.text(), min_size=1, max_size=5),
    labels=st.lists(st.text(), min_size=1, max_size=4, unique=True),
    data=st.data(),
)
def test_any_scores_round_trip(
    tmp_path_factory: pytest.TempPathFactory,
    texts: list[str],
    labels: list[str],
    data: st.DataObject,
) -> None:
    number = st.floats(width=32, allow_nan=False, allow_infinity=False)
    row = st.lists(number, min_size=len(labels), max_size=len(labels))
    values = data.draw(st.lists(row, min_size=len(texts), max_size=len(texts)))
    path = tmp_path_factory.mktemp("any") / "scored.parquet"
    rows = [TextRow(text, text, text) for text in texts]
    meta = TextsMeta(labels, "", "", 0)
    write_scores(path, rows, numpy.array(values, dtype="float32"), meta)
    scored = read_scores(path)
    assert scored.texts == scored.methods == texts
    assert scored.logits.tolist() == values
    assert scored.meta == meta


@pytest.mark.parametrize("dtype", ["float16", "float64"])
def test_scores_are_kept_in_single_precision(tmp_path: Path, dtype: str) -> None:
    write_scores(tmp_path / "scored.parquet", ROWS, LOGITS.astype(dtype), META)
    found = read_scores(tmp_path / "scored.parquet").logits
    assert found.tolist() == LOGITS.astype(dtype).astype("float32").tolist()


@pytest.mark.parametrize("shape", [(2, 2), (4, 2), (3, 1), (3, 3), (6,), (3, 2, 1)])
def test_logits_that_do_not_fit_are_not_written(tmp_path: Path, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError) as error:
        write_scores(tmp_path / "a.parquet", ROWS, numpy.zeros(shape, dtype="float32"), META)
    assert all(part in str(error.value) for part in (str(shape), "3 texts", "2 labels"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("value", [numpy.nan, numpy.inf, -numpy.inf])
def test_logits_that_are_not_finite(tmp_path: Path, value: float) -> None:
    logits = LOGITS.copy()
    logits[1, 0] = logits[2] = value
    path = tmp_path / "scored.parquet"
    write_scores(path, ROWS, logits, META)
    with pytest.raises(InputError) as error:
        read_scores(path)
    message = str(error.value)
    assert str(path) in message
    assert f"the logit of 'negative' in row 2 is {value}, expected a finite number" in message
    assert "'score'" in message


@pytest.mark.parametrize(
    "logits, found",
    [
        ([[1.0, 2.0], [1.0], [1.0, 2.0]], "[1, 2]"),
        ([[1.0]] * 3, "[1]"),
        ([[1.0, 2.0, 3.0]] * 3, "[3]"),
        ([[]] * 3, "[0]"),
    ],
)
def test_logits_of_wrong_lengths(tmp_path: Path, logits: list[list[float]], found: str) -> None:
    path = tmp_path / "scored.parquet"
    write_scores(path, ROWS, LOGITS, META)
    table = pq.read_table(path)
    column = pa.array(logits, type=pa.list_(pa.float32()))
    position = table.schema.get_field_index("logits")
    pq.write_table(table.set_column(position, "logits", column), path)
    with pytest.raises(InputError) as error:
        read_scores(path)
    message = str(error.value)
    assert str(path) in message
    assert f"{found} logits, expected 2" in message
    assert "negative, positive" in message
    assert "'score'" in message


def test_scores_of_no_text_are_an_error(tmp_path: Path) -> None:
    path = tmp_path / "scored.parquet"
    write_scores(path, [], numpy.zeros((0, 2), dtype="float32"), META)
    with pytest.raises(InputError) as error:
        read_scores(path)
    assert str(path) in str(error.value)


def test_missing_file_names_the_step_that_makes_it(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    with pytest.raises(InputError) as error:
        read_scores(path)
    assert f"Can't find {path}. Run the step 'score' to make it." == str(error.value)
    with pytest.raises(InputError) as error:
        list(read_texts(path))
    assert f"Can't find {path}. Run the step 'augment' to make it." == str(error.value)


@pytest.mark.parametrize("content", [b"", b"text,source,method\n", b"PAR1" * 4])
def test_file_that_is_no_parquet(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.parquet"
    path.write_bytes(content)
    for read in (read_scores, read_texts_meta):
        with pytest.raises(InputError) as error:
            read(path)
        assert f"Can't read {path}" in str(error.value)
        assert "Run the step '" in str(error.value)


def test_texts_are_no_scores(tmp_path: Path) -> None:
    path = tmp_path / "texts.parquet"
    write_texts(path, ROWS, META)
    with pytest.raises(InputError) as error:
        read_scores(path)
    assert f"Can't use {path}: it lacks logits. Run the step 'score'" in str(error.value)


def test_parquet_of_another_program(tmp_path: Path) -> None:
    path = tmp_path / "other.parquet"
    pq.write_table(pa.table({"text": ["x"], "label": ["a"]}), path)
    with pytest.raises(InputError) as error:
        read_texts_meta(path)
    message = str(error.value)
    assert f"Can't use {path}: it lacks source, method" in message
    assert METADATA_KEY.decode() in message
    assert "'augment'" in message
