"""Score texts with the teacher: its logits for each label."""

import tempfile
from collections import defaultdict
from collections.abc import Callable, Container, Iterator, MutableMapping, Sequence
from contextlib import contextmanager, nullcontext
from itertools import islice
from pathlib import Path
from typing import NamedTuple, cast

import numpy
import spacy
import torch
from numpy.typing import NDArray
from spacy.language import Language
from spacy.pipeline import TextCategorizer
from spacy_transformers import Transformer
from thinc.api import CupyOps

from .black_box import BlackBox, load_black_box
from .devices import use_device
from .errors import InputError
from .heads import without_activation
from .pool_choice import Choice, choose_pool
from .products import BEST
from .records import count_rows, open_scores, read_texts, read_texts_meta
from .score_cache import ScoreCache, open_cache
from .teacher_info import TeacherInfo, read_teacher_info

# How many tokens are scored at a time. More make no difference on a CPU, but keep a GPU busy.
TOKENS_PER_BATCH = 1024
TOKENS_PER_BATCH_GPU = 16384
# Texts of like length are sought among so many.
TEXTS_IN_MEMORY = 65536
# How many texts a black box is given at a time.
TEXTS_PER_CALL = 256
WORDS_PER_BATCH = 256
# What is longer is no word, such as an address.
MAX_PIECES_PER_WORD = 16


def load_teacher(path: Path, gpu_id: int = -1) -> Language:
    """Load a teacher for scoring.

    path (Path): The output folder of the step `teacher`.
    gpu_id (int): GPU to score on, or -1 for the CPU.
    RETURNS (Language): The pipeline.
    RAISES (InputError): It isn't there, or there is no such GPU.
    """
    read_teacher_info(path)
    use_device(gpu_id)
    return spacy.load(path / BEST)


def batch_by_tokens(lengths: Sequence[int], max_tokens: int) -> Iterator[list[int]]:
    """Group texts of like length, so that little of a batch is padding.

    lengths (Sequence[int]): The length of each text in tokens.
    max_tokens (int): Most tokens in a batch, padding included; a longer text is a batch of its own.
    YIELDS (list[int]): Positions of the texts of a batch, longest texts first, so that a lack of
        memory shows at once.
    """
    batch: list[int] = []
    for i in sorted(range(len(lengths)), key=lambda i: lengths[i], reverse=True):
        if batch and (len(batch) + 1) * max(lengths[batch[0]], 1) > max_tokens:
            yield batch
            batch = []
        batch.append(i)
    if batch:
        yield batch


def has_fast_bfloat16(gpu_id: int = -1) -> bool:
    """Tell whether a processor multiplies matrices of bfloat16: a CPU with AVX-512 BF16 or AMX, a GPU
    since NVIDIA's Ampere. It is much faster there.

    gpu_id (int): A GPU, or -1 for the CPU.
    RETURNS (bool): Whether it does.
    """
    if gpu_id >= 0:
        return torch.cuda.is_available() and torch.cuda.is_bf16_supported()
    return bool(torch.cpu.get_capabilities().get("avx512_bf16"))


@contextmanager
def bfloat16(nlp: Language) -> Iterator[None]:
    """Let a teacher's transformer multiply in bfloat16 for a while; what it gives is float32.

    Logits change by what bfloat16 rounds off. Weights stay as they are.

    nlp (Language): The teacher.
    """

    def to_float32(_module: object, _args: object, output: MutableMapping[str, object]) -> None:
        for name, value in output.items():
            if isinstance(value, torch.Tensor) and value.dtype == torch.bfloat16:
                output[name] = value.float()

    transformer = cast(Transformer, nlp.get_pipe("transformer")).model.transformer
    hook = transformer.register_forward_hook(to_float32)
    try:
        with torch.autocast(transformer.device.type, dtype=torch.bfloat16):
            yield
    finally:
        hook.remove()


def iter_scores_of_batches(
    nlp: Language, texts: Sequence[str], labels: Sequence[str], known: Container[int] = ()
) -> Iterator[tuple[list[int], NDArray[numpy.float32]]]:
    """Score texts with a teacher, batch by batch.

    Texts go through the teacher's own components, windows over long texts included, sorted by
    length; what the transformer says of each token is dropped with its batch.

    nlp (Language): A pipeline of a transformer and a text categorizer named "textcat".
    texts (Sequence[str]): The texts.
    labels (Sequence[str]): The labels to score, in the order wanted.
    known (Container[int]): Positions of texts to leave out. The batches of the others are the same
        whether they are left out or not, and so are their scores where whole batches are known.
    YIELDS (tuple[list[int], NDArray[float32]]): Positions of the texts of a batch, and their logits
        of the shape (texts, labels).
    RAISES (InputError): The teacher has other labels.
    """
    transformer = cast(Transformer, nlp.get_pipe("transformer"))
    textcat = cast(TextCategorizer, nlp.get_pipe("textcat"))
    if set(labels) != set(textcat.labels):
        raise InputError(
            f"Can't score the labels {', '.join(labels)}: the teacher has "
            f"{', '.join(textcat.labels)}. Train a teacher on these labels: run the step 'teacher'."
        )
    columns = [textcat.labels.index(label) for label in labels]
    # Length in characters stands for length in tokens: close enough to sort by, and free.
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]), reverse=True)
    on_gpu = isinstance(textcat.model.ops, CupyOps)
    max_tokens = TOKENS_PER_BATCH_GPU if on_gpu else TOKENS_PER_BATCH
    with without_activation(textcat.model) as model, torch.inference_mode():
        for chunk in _chunks(order):
            docs = [nlp.make_doc(texts[i]) for i in chunk]
            for batch in batch_by_tokens([len(doc) for doc in docs], max_tokens):
                wanted = [i for i in batch if chunk[i] not in known]
                if not wanted:
                    continue
                batch_docs = [docs[i] for i in wanted]
                transformer.set_annotations(batch_docs, transformer.predict(batch_docs))
                scores = model.ops.to_numpy(model.predict(batch_docs))
                for doc in batch_docs:
                    doc._.trf_data = None
                yield [chunk[i] for i in wanted], scores[:, columns]


def score_texts(
    nlp: Language,
    texts: Sequence[str],
    labels: Sequence[str],
    *,
    progress: Callable[[int], object] = lambda scored: None,
) -> NDArray[numpy.float32]:
    """Score texts with a teacher, as iter_scores_of_batches does.

    nlp (Language): A pipeline of a transformer and a text categorizer named "textcat".
    texts (Sequence[str]): The texts.
    labels (Sequence[str]): The labels to score, in the order wanted.
    progress (Callable[[int], object]): Told the number of texts scored, in instalments.
    RETURNS (NDArray[float32]): Logits. Shape: (texts, labels).
    RAISES (InputError): The teacher has other labels.
    """
    logits = numpy.zeros((len(texts), len(labels)), dtype="float32")
    for positions, scores in iter_scores_of_batches(nlp, texts, labels):
        logits[positions] = scores
        progress(len(positions))
    return logits


def score_with_cache(
    nlp: Language,
    texts: Sequence[str],
    labels: Sequence[str],
    cache: ScoreCache,
    *,
    progress: Callable[[int], object] = lambda scored: None,
) -> tuple[NDArray[numpy.float32], int]:
    """Score those of the texts that the teacher hasn't scored before.

    nlp (Language): A pipeline of a transformer and a text categorizer named "textcat".
    texts (Sequence[str]): The texts.
    labels (Sequence[str]): The labels to score, in the order that the cache was opened with.
    cache (ScoreCache): What the teacher has scored; what it scores now is added batch by batch.
    progress (Callable[[int], object]): Told the number of texts done, in instalments.
    RETURNS (tuple[NDArray[float32], int]): Logits of the shape (texts, labels); how many of the texts
        were not scored again.
    RAISES (InputError): The teacher has other labels.
    """
    places: dict[str, list[int]] = defaultdict(list)
    for i, text in enumerate(texts):
        places[text].append(i)
    unique = list(places)
    logits = numpy.zeros((len(texts), len(labels)), dtype="float32")
    known = cache.get(unique)
    for i, row in known.items():
        logits[places[unique[i]]] = row
    reused = sum(len(places[unique[i]]) for i in known)
    progress(reused)
    for positions, scores in iter_scores_of_batches(nlp, unique, labels, known):
        cache.put([unique[i] for i in positions], scores)
        for i, row in zip(positions, scores):
            logits[places[unique[i]]] = row
        progress(sum(len(places[unique[i]]) for i in positions))
    return logits, reused


def _chunks(order: Sequence[int], size: int = 4096) -> Iterator[Sequence[int]]:
    for start in range(0, len(order), size):
        yield order[start : start + size]


def reads_lower_case(nlp: Language) -> bool:
    """Tell whether a teacher takes "Good" and "good" for the same word.

    nlp (Language): The teacher.
    RETURNS (bool): Whether it does.
    """
    tokenizer = cast(Transformer, nlp.get_pipe("transformer")).model.tokenizer
    return tokenizer.tokenize("Good GOOD") == tokenizer.tokenize("good good")


def list_whole_words(nlp: Language) -> list[str]:
    """List the words that a teacher's vocabulary holds whole: made of letters, and split no further
    by its tokenizer.

    nlp (Language): The teacher.
    RETURNS (list[str]): The words, in the order of its vocabulary.
    """
    tokenizer = cast(Transformer, nlp.get_pipe("transformer")).model.tokenizer
    pieces = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
    special = set(tokenizer.all_special_tokens)
    # WordPiece marks what goes on a word ("##ing"), the others what begins one ("Ġgood", "▁good").
    words = [piece.lstrip("Ġ▁") for piece, _ in pieces if piece not in special]
    words = list(dict.fromkeys(word for word in words if word.isalpha()))
    split = tokenizer([f" {word}" for word in words], add_special_tokens=False)["input_ids"]
    return [word for word, ids in zip(words, split) if len(ids) == 1]


def encode_words(
    nlp: Language,
    words: Sequence[str],
    *,
    progress: Callable[[int], object] = lambda encoded: None,
) -> NDArray[numpy.float32]:
    """Let a teacher's transformer read words one by one.

    nlp (Language): The teacher.
    words (Sequence[str]): The words.
    progress (Callable[[int], object]): Told the number of words encoded, in instalments.
    RETURNS (NDArray[float32]): The last layer's mean over a word's pieces. Shape: (words, hidden
        width).
    """
    model = cast(Transformer, nlp.get_pipe("transformer")).model
    tokenizer, transformer = model.tokenizer, model.transformer
    transformer.eval()
    rows = []
    with torch.inference_mode():
        for start in range(0, len(words), WORDS_PER_BATCH):
            batch = list(words[start : start + WORDS_PER_BATCH])
            pieces = tokenizer(
                batch,
                padding=True,
                truncation=True,
                max_length=MAX_PIECES_PER_WORD,
                return_special_tokens_mask=True,
                return_tensors="pt",
            )
            mask = (1 - pieces.pop("special_tokens_mask")).unsqueeze(-1)
            pieces, mask = pieces.to(transformer.device), mask.to(transformer.device)
            hidden = transformer(**pieces).last_hidden_state
            means = (hidden * mask).sum(dim=1) / mask.sum(dim=1).clamp(min=1)
            rows.append(means.float().cpu().numpy())
            progress(len(batch))
    return numpy.concatenate(rows)


class Scored(NamedTuple):
    """How many texts were scored, how many of them the teacher didn't need to score again, and which of
    the pool's were kept.
    """

    texts: int
    reused: int
    choice: Choice | None = None


def _find_black_box(info: TeacherInfo) -> BlackBox:
    box = load_black_box(info.transformer, info.labels, exclusive=info.exclusive)
    if box.fingerprint != info.fingerprint:
        raise InputError(
            f"Can't score with '{info.transformer}': it has changed since the step 'teacher'. Run that "
            "step again."
        )
    return box


def _score_file_by(
    box: BlackBox, texts: Path, output: Path, progress: Callable[[int], object]
) -> Scored:
    """Score with a black box. What it said before isn't kept: whether it would say the same is not
    known here.
    """
    meta, total = read_texts_meta(texts), 0
    stream = read_texts(texts)
    with open_scores(output, meta) as write:
        while rows := list(islice(stream, TEXTS_PER_CALL)):
            write(rows, box.score([row.text for row in rows]).astype("float32"))
            progress(len(rows))
            total += len(rows)
    return Scored(total, 0)


def score_file(
    teacher: Path,
    texts: Path,
    output: Path,
    *,
    cache: Path,
    gpu_id: int = -1,
    min_confidence: float = 0.0,
    balance: bool = False,
    progress: Callable[[int], object] = lambda scored: None,
    start: Callable[[int], object] = lambda total: None,
) -> Scored:
    """Score a Parquet file of texts, some thousands of them in memory at a time.

    teacher (Path): The teacher's folder.
    texts (Path): What the step `augment` wrote.
    output (Path): Parquet file for the scores.
    cache (Path): Folder of the scores that teachers have given before.
    gpu_id (int): GPU to score on, or -1 for the CPU.
    min_confidence (float): See choose_pool; 0 keeps all of the pool's texts.
    balance (bool): See choose_pool.
    progress (Callable[[int], object]): Told the number of texts done, in instalments.
    start (Callable[[int], object]): Told the number of texts before the first is scored.
    RETURNS (Scored): How many texts were written, and how many were not scored again.
    RAISES (InputError): An input is missing or damaged, or the texts were made for another teacher.
    """
    info, meta = read_teacher_info(teacher), read_texts_meta(texts)
    if meta.teacher != info.fingerprint:
        raise InputError(
            f"Can't score {texts}: it was made for the teacher {meta.teacher[:12]}, the one in "
            f"{teacher} is {info.fingerprint[:12]} (its mask token may differ). Run the step "
            "'augment' again."
        )
    start(count_rows(texts))
    if not min_confidence and not balance:
        return _score_all(teacher, info, texts, output, cache, gpu_id, progress)
    with tempfile.TemporaryDirectory(dir=texts.parent, prefix=".scores.") as folder:
        everything = Path(folder) / output.name
        scored = _score_all(teacher, info, texts, everything, cache, gpu_id, progress)
        choice = choose_pool(
            everything, output, min_confidence=min_confidence, balance=balance, seed=meta.seed
        )
    return scored._replace(choice=choice)


def _score_all(
    teacher: Path,
    info: TeacherInfo,
    texts: Path,
    output: Path,
    cache: Path,
    gpu_id: int,
    progress: Callable[[int], object],
) -> Scored:
    """Score a file, whatever the teacher is."""
    if info.black_box:
        return _score_file_by(_find_black_box(info), texts, output, progress)
    meta = read_texts_meta(texts)
    nlp = load_teacher(teacher, gpu_id)
    rounded = has_fast_bfloat16(gpu_id)
    name = f"{info.fingerprint}-{'bfloat16' if rounded else 'float32'}"
    total = total_reused = 0
    with (
        bfloat16(nlp) if rounded else nullcontext(),
        open_cache(cache, name, meta.labels) as scores,
        open_scores(output, meta) as write,
    ):
        stream = read_texts(texts)
        while rows := list(islice(stream, TEXTS_IN_MEMORY)):
            logits, reused = score_with_cache(
                nlp, [row.text for row in rows], meta.labels, scores, progress=progress
            )
            write(rows, logits)
            total, total_reused = total + len(rows), total_reused + reused
    return Scored(total, total_reused)
