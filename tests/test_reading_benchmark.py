"""The benchmark of reading measures what it says."""

from pathlib import Path

from scripts.distill.reading_benchmark import measure_reading, write_random_scores
from scripts.distill.records import read_scores

from .conftest import RunStep


def test_random_scores(tmp_path: Path) -> None:
    write_random_scores(tmp_path / "scored.parquet", 30, 1)
    scored = read_scores(tmp_path / "scored.parquet")
    assert len(set(scored.texts)) == 30
    assert scored.logits.shape == (30, 2)


def test_each_size_is_read_whole_and_streamed() -> None:
    told: list[object] = []
    readings = measure_reading([300], 100, 0, told.append)
    assert [(reading.rows, reading.buffer_size) for reading in readings] == [(300, 100), (300, 0)]
    assert told == readings
    for reading in readings:
        assert reading.peak_rss_mb >= reading.start_rss_mb > 20
        assert reading.texts_per_second > 0


def test_table_is_printed(run_step: RunStep) -> None:
    outcome = run_step("bench_reading", 200, "--buffer-size", 50)
    assert outcome.code == 0
    assert "buffer of 50" in outcome.output
    assert "2 passes" in outcome.output
