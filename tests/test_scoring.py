"""The teacher's logits are those of its own pipeline."""

from dataclasses import replace
from pathlib import Path

import numpy
import pytest
import spacy
import torch
from hypothesis import given
from hypothesis import strategies as st

from scripts.distill.errors import InputError
from scripts.distill.records import TextRow, read_scores, read_texts_meta, write_texts
from scripts.distill.score_files import score_file
from scripts.distill.scoring import (
    batch_by_tokens,
    bfloat16,
    choose_precision,
    count_pieces,
    encode_words,
    list_whole_words,
    load_teacher,
    reads_lower_case,
    score_texts,
    without_padding,
)

from .conftest import Run, make_reviews

TEXTS = [
    *(str(row["text"]) for row in make_reviews(30)),
    "",
    "one",
    "A [MASK] lamp",
    "so long " * 200,  # read in several windows
]


@given(st.lists(st.integers(0, 50)), st.integers(1, 100))
def test_batches_hold_every_text_once_and_keep_the_budget(lengths: list[int], most: int) -> None:
    batches = list(batch_by_tokens(lengths, most))
    assert sorted(i for batch in batches for i in batch) == list(range(len(lengths)))
    for batch in batches:
        longest = max(lengths[i] for i in batch)
        assert len(batch) == 1 or len(batch) * longest <= most


def test_pieces_are_those_that_the_transformer_reads(small_run: Run) -> None:
    nlp = load_teacher(small_run.teacher)
    assert count_pieces(nlp, []) == []
    texts = ["kettle", "A lamp!", ""]
    counts = count_pieces(nlp, texts)
    assert counts[2] == 2  # [CLS] and [SEP]
    assert counts[0] < counts[1]
    for text, count in zip(texts[:2], counts):
        assert nlp(text)._.trf_data.wordpieces.attention_mask.sum() == count


def test_logits_give_the_pipelines_probabilities(small_run: Run) -> None:
    nlp = load_teacher(small_run.teacher)
    labels = ["positive", "negative"]
    told: list[int] = []
    logits = score_texts(nlp, TEXTS, labels, progress=told.append)
    assert logits.shape == (len(TEXTS), 2)
    assert sum(told) == len(TEXTS)
    exp = numpy.exp(logits)
    expected = [[doc.cats[label] for label in labels] for doc in nlp.pipe(TEXTS)]
    # spaCy gives a text without tokens no probabilities at all when it stands alone in a batch.
    numpy.testing.assert_allclose(exp / exp.sum(axis=1, keepdims=True), expected, atol=1e-4)


def test_rows_are_read_without_the_padding_of_others(small_run: Run) -> None:
    model = load_teacher(small_run.teacher).get_pipe("transformer").model
    texts = ["kettle", "so long " * 5, "A [MASK] lamp", "so long " * 4, "mug"]
    inputs = model.tokenizer(texts, padding=True, return_tensors="pt")
    mask = inputs["attention_mask"].bool()
    shapes: list[tuple[int, int]] = []
    hook = model.transformer.embeddings.register_forward_hook(
        lambda _, __, output: shapes.append(tuple(output.shape[:2]))
    )
    transformer = model.transformer.eval()
    with torch.inference_mode():
        expected = transformer(**inputs).last_hidden_state
        with without_padding(transformer, 20):
            found = transformer(**inputs).last_hidden_state
        torch.testing.assert_close(found[mask], expected[mask], atol=1e-5, rtol=0)
        # As before when the block has ended.
        assert torch.equal(transformer(**inputs).last_hidden_state, expected)
    hook.remove()
    whole = tuple(mask.shape)
    assert shapes[0] == shapes[-1] == whole
    lengths = mask.sum(dim=1).tolist()
    # The long rows alone, the short ones together.
    assert shapes[1:-1] == [(1, lengths[1]), (1, lengths[3]), (3, lengths[2])]


def test_bfloat16_changes_little_and_ends(small_run: Run) -> None:
    nlp, labels = load_teacher(small_run.teacher), ["negative", "positive"]
    exact = score_texts(nlp, TEXTS, labels)
    with bfloat16(nlp):
        rounded = score_texts(nlp, TEXTS, labels)
    assert rounded.dtype == numpy.float32
    assert 0 < numpy.abs(rounded - exact).max() < 0.1
    numpy.testing.assert_array_equal(score_texts(nlp, TEXTS, labels), exact)


@pytest.mark.parametrize(
    ("capabilities", "expected"),
    [
        ({"avx512_bf16": True, "amx_bf16": True}, "bfloat16"),
        # Has the instructions, but isn't fast at it.
        ({"avx512_bf16": True, "amx_bf16": False, "cpu_name": "Intel Xeon"}, "float32"),
        ({"avx512_bf16": True, "amx_bf16": False, "cpu_name": "AMD EPYC"}, "bfloat16"),
        ({"avx512_bf16": False, "cpu_name": "AMD EPYC 7763"}, "float32"),
        ({}, "float32"),
    ],
)
def test_precision_follows_the_processor(
    capabilities: dict[str, bool | str], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities)
    assert choose_precision("auto") == expected
    assert {choose_precision(asked) for asked in ("float32", "bfloat16")} == {"float32", "bfloat16"}


def test_unknown_precision_is_refused() -> None:
    with pytest.raises(InputError, match=r"Can't score in 'float16'\. Expected one of auto"):
        choose_precision("float16")


def test_precisions_are_kept_apart(small_run: Run, tmp_path: Path) -> None:
    texts = small_run.corpus / "synthetic.parquet"
    logits, caches = {}, tmp_path / "scores"
    for precision in ("float32", "bfloat16", "float32"):
        output = tmp_path / f"{precision}.parquet"
        scored = score_file(small_run.teacher, texts, output, cache=caches, precision=precision)
        assert (scored.reused == scored.texts) == (precision in logits)
        logits[precision] = read_scores(output).logits
    assert 0 < numpy.abs(logits["float32"] - logits["bfloat16"]).max() < 0.1


def test_logits_do_not_depend_on_what_is_scored_beside(small_run: Run) -> None:
    nlp = load_teacher(small_run.teacher)
    together = score_texts(nlp, TEXTS, ["negative", "positive"])
    alone = numpy.concatenate([score_texts(nlp, [t], ["negative", "positive"]) for t in TEXTS[:5]])
    numpy.testing.assert_allclose(alone, together[:5], atol=1e-4)


def test_teacher_sees_its_own_mask_token(small_run: Run) -> None:
    nlp = load_teacher(small_run.teacher)
    transformer = nlp.get_pipe("transformer")
    doc = nlp.make_doc("A [MASK] lamp")
    wordpieces = transformer.predict([doc]).wordpieces.strings
    assert "[MASK]" in wordpieces[0]


def test_scored_file_says_what_it_is(small_run: Run) -> None:
    texts = small_run.corpus / "synthetic.parquet"
    scored = read_scores(small_run.corpus / "scored.parquet")
    assert scored.meta == replace(read_texts_meta(texts), precision=choose_precision("auto"))
    assert scored.meta.labels == ["negative", "positive"]
    assert len(scored.texts) == 400 + scored.methods.count("gold")
    assert numpy.isfinite(scored.logits).all()


def test_texts_made_for_another_teacher_are_refused(small_run: Run, tmp_path: Path) -> None:
    meta = read_texts_meta(small_run.corpus / "synthetic.parquet")
    other = type(meta)(meta.labels, "f" * 64, "<mask>", 0)
    write_texts(tmp_path / "texts.parquet", [TextRow("a lamp", "r:1", "gold")], other)
    with pytest.raises(InputError, match=r"ffff.*Run the step 'augment' again"):
        score_file(
            small_run.teacher,
            tmp_path / "texts.parquet",
            tmp_path / "scored.parquet",
            cache=tmp_path / "scores",
        )
    assert not (tmp_path / "scored.parquet").exists()


def test_other_labels_are_refused(small_run: Run) -> None:
    with pytest.raises(InputError, match=r"joy.*the teacher has negative, positive"):
        score_texts(load_teacher(small_run.teacher), TEXTS, ["joy", "anger"])


def test_missing_teacher_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"teacher\.json.*step 'teacher'"):
        load_teacher(tmp_path)


def test_absent_gpu_is_named(small_run: Run) -> None:
    if spacy.prefer_gpu():
        assert load_teacher(small_run.teacher, gpu_id=0)
    else:
        with pytest.raises(InputError, match="GPU 0"):
            load_teacher(small_run.teacher, gpu_id=0)


def test_words_are_encoded_as_if_alone(small_run: Run) -> None:
    nlp = load_teacher(small_run.teacher)
    words = ["lamp", "unbelievably", "a", "l" * 100, "Lamp"]
    told: list[int] = []
    together = encode_words(nlp, words, progress=told.append)
    assert sum(told) == len(words)
    assert together.shape == (5, 32)
    alone = numpy.concatenate([encode_words(nlp, [word]) for word in words])
    numpy.testing.assert_allclose(together, alone, atol=1e-5)
    assert reads_lower_case(nlp)
    numpy.testing.assert_array_equal(together[0], together[4])
    assert not numpy.allclose(together[0], together[1])


def test_encoding_is_the_mean_over_a_words_pieces(small_run: Run) -> None:
    nlp = load_teacher(small_run.teacher)
    doc = nlp.make_doc("lamp")
    output = nlp.get_pipe("transformer").predict([doc])
    hidden = output.model_output.last_hidden_state[0]
    assert output.wordpieces.strings[0] == ["[CLS]", "lamp", "[SEP]"]
    numpy.testing.assert_allclose(encode_words(nlp, ["lamp"])[0], hidden[1], atol=1e-5)


def test_whole_words_are_words_of_one_piece(small_run: Run) -> None:
    nlp = load_teacher(small_run.teacher)
    words = list_whole_words(nlp)
    assert {"lamp", "great", "awful"} <= set(words)
    assert len(set(words)) == len(words)
    assert not [word for word in words if not word.isalpha()]
    tokenizer = nlp.get_pipe("transformer").model.tokenizer
    assert all(tokenizer.tokenize(word) == [word] for word in words)
    # The step `teacher` notes them for those that don't load it.
    noted = (small_run.teacher / "words.txt").read_text(encoding="utf8")
    assert noted.split() == words


def test_words_of_texts_are_not_remembered(small_run: Run) -> None:
    """Memory stays flat however many words texts hold."""
    nlp = load_teacher(small_run.teacher)
    before = len(nlp.vocab.strings)
    score_texts(nlp, [f"new{i}word other{i}" for i in range(50)], ["negative", "positive"])
    assert len(nlp.vocab.strings) == before
