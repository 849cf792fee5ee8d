"""Score texts with the teacher: its logits for each label."""

from collections import defaultdict
from collections.abc import Callable, Container, Iterator, MutableMapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import numpy
import spacy
import torch
from numpy.typing import NDArray
from spacy.language import Language
from spacy.pipeline import TextCategorizer
from spacy_transformers import Transformer
from thinc.api import CupyOps
from transformers.modeling_outputs import BaseModelOutput

from . import vocabulary
from .devices import use_device
from .errors import InputError
from .heads import find_head, without_activation
from .products import BEST, COMPONENT
from .score_cache import ScoreCache
from .teacher_info import read_teacher_info

# How many tokens go through the pipeline at a time, and how many word pieces of them through the
# transformer. More of the latter make no difference on a CPU, but keep a GPU busy.
TOKENS_PER_BATCH = 16384
PIECES_PER_PASS, PIECES_PER_PASS_GPU = 1536, 16384
WORDS_PER_BATCH = 256
# What is longer is no word, such as an address.
MAX_PIECES_PER_WORD = 16
# What a teacher multiplies in: AUTO is one of the others.
AUTO, FLOAT32, BFLOAT16 = "auto", "float32", "bfloat16"
PRECISIONS = (AUTO, FLOAT32, BFLOAT16)


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


def excludes_labels(nlp: Language) -> bool:
    """Tell whether a teacher's labels exclude each other.

    nlp (Language): A pipeline with a text categorizer named "textcat".
    RETURNS (bool): Whether they do.
    """
    return find_head(cast(TextCategorizer, nlp.get_pipe(COMPONENT)).model).exclusive


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
    """Tell whether a processor multiplies matrices of bfloat16 faster than those of float32: a CPU with
    AMX, one of AMD's with AVX-512 BF16 (Zen 4: about twice as fast), a GPU since NVIDIA's Ampere. On
    Intel's Xeons of the fourth generation AVX-512 BF16 alone is no faster in itself, and converting
    takes longer than multiplying.

    gpu_id (int): A GPU, or -1 for the CPU.
    RETURNS (bool): Whether it does.
    """
    if gpu_id >= 0:
        return torch.cuda.is_available() and torch.cuda.is_bf16_supported(including_emulation=False)
    found = torch.cpu.get_capabilities()
    by_amd = str(found.get("cpu_name", "")).startswith("AMD")
    return bool(found.get("amx_bf16") or (by_amd and found.get("avx512_bf16")))


def choose_precision(asked: str, gpu_id: int = -1) -> str:
    """Choose what a teacher multiplies in.

    asked (str): "float32", "bfloat16", or "auto": bfloat16 where the processor is fast at it.
    gpu_id (int): A GPU, or -1 for the CPU.
    RETURNS (str): "float32" or "bfloat16".
    RAISES (InputError): Something else was asked for.
    """
    if asked not in PRECISIONS:
        raise InputError(
            f"Can't score in '{asked}'. Expected one of {', '.join(PRECISIONS)}. Set it with "
            "--vars.precision."
        )
    if asked != AUTO:
        return asked
    return BFLOAT16 if has_fast_bfloat16(gpu_id) else FLOAT32


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


@contextmanager
def without_padding(transformer: torch.nn.Module, max_pieces: int) -> Iterator[None]:
    """Let a transformer read rows of like length together for a while, each group without the padding
    that longer ones need: also the last window of a long text, which its first one would stretch.

    transformer (Module): A model of transformers' that gives `last_hidden_state`.
    max_pieces (int): Most word pieces in a group, padding included; a longer row is a group of its own.
    """
    forward = transformer.forward

    def read_by_length(
        *args: object, attention_mask: torch.Tensor | None = None, **kwargs: object
    ) -> object:
        if args or attention_mask is None or attention_mask.ndim != 2:
            return forward(*args, attention_mask=attention_mask, **kwargs)
        rows, width = attention_mask.shape
        places = torch.arange(1, width + 1, device=attention_mask.device)
        lengths = (attention_mask * places).amax(dim=1).int().tolist()
        inputs = {"attention_mask": attention_mask, **kwargs}
        hidden: torch.Tensor | None = None
        for group in batch_by_tokens(lengths, max_pieces):
            shape = (group, slice(max(lengths[group[0]], 1)))
            found = forward(
                **{
                    name: value[shape]
                    if isinstance(value, torch.Tensor) and value.shape == (rows, width)
                    else value
                    for name, value in inputs.items()
                }
            ).last_hidden_state
            if hidden is None:
                hidden = found.new_zeros((rows, width, found.shape[2]))
            hidden[shape] = found
        return BaseModelOutput(last_hidden_state=hidden)

    transformer.forward = read_by_length
    try:
        yield
    finally:
        transformer.forward = forward


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
    textcat = cast(TextCategorizer, nlp.get_pipe(COMPONENT))
    if set(labels) != set(textcat.labels):
        raise InputError(
            f"Can't score the labels {', '.join(labels)}: the teacher has "
            f"{', '.join(textcat.labels)}. Train a teacher on these labels: run the step 'teacher'."
        )
    columns = [textcat.labels.index(label) for label in labels]
    # Length in characters stands for length in tokens: close enough to sort by, and free.
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]), reverse=True)
    on_gpu = isinstance(textcat.model.ops, CupyOps)
    max_pieces = PIECES_PER_PASS_GPU if on_gpu else PIECES_PER_PASS
    with (
        without_activation(textcat.model) as model,
        without_padding(transformer.model.transformer, max_pieces),
        torch.inference_mode(),
    ):
        for chunk in _chunks(order):
            # A vocabulary remembers each word that it has met: not those of a chunk that is done.
            with nlp.memory_zone():
                docs = [nlp.make_doc(texts[i]) for i in chunk]
                for batch in batch_by_tokens([len(doc) for doc in docs], TOKENS_PER_BATCH):
                    wanted = [i for i in batch if chunk[i] not in known]
                    if not wanted:
                        continue
                    batch_docs = [docs[i] for i in wanted]
                    transformer.set_annotations(batch_docs, transformer.predict(batch_docs))
                    scores = model.ops.to_numpy(model.predict(batch_docs))
                    for doc in batch_docs:
                        doc._.trf_data = None
                    yield [chunk[i] for i in wanted], scores[:, columns]
                del docs


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


def count_pieces(nlp: Language, texts: Sequence[str]) -> list[int]:
    """Count the word pieces that a teacher reads, special ones included.

    nlp (Language): The teacher.
    texts (Sequence[str]): The texts.
    RETURNS (list[int]): Word pieces of each; those of a long text as if it were read in one window.
    """
    if not texts:
        return []
    tokenizer = cast(Transformer, nlp.get_pipe("transformer")).model.tokenizer
    return [len(ids) for ids in tokenizer(list(texts), verbose=False)["input_ids"]]


def reads_lower_case(nlp: Language) -> bool:
    """Tell whether a teacher takes "Good" and "good" for the same word.

    nlp (Language): The teacher.
    RETURNS (bool): Whether it does.
    """
    tokenizer = cast(Transformer, nlp.get_pipe("transformer")).model.tokenizer
    return tokenizer.tokenize("Good GOOD") == tokenizer.tokenize("good good")


def list_whole_words(nlp: Language) -> list[str]:
    """List the words that a teacher's vocabulary holds whole: see vocabulary.list_whole_words.

    nlp (Language): The teacher.
    RETURNS (list[str]): The words, in the order of its vocabulary.
    """
    return vocabulary.list_whole_words(
        cast(Transformer, nlp.get_pipe("transformer")).model.tokenizer
    )


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
