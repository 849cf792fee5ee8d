"""Temperature scaling: a student's logits divided by one number, so that its probabilities say how
often it is right (Guo et al. 2017, section 4.2). The number goes into the weights: what is saved is as
plain a spaCy pipeline as before.
"""

import math
from pathlib import Path
from typing import NamedTuple

import numpy
import spacy
import srsly
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_expit, log_softmax
from spacy.language import Language
from spacy.util import minibatch
from thinc.api import Model

from .documents import Gold
from .heads import find_head, find_output, without_activation
from .products import COMPONENT

META = "calibration"  # in meta.json
# Where the temperature is looked for. One at the edge says that the texts can't tell: a student that
# is right about all of them would have to be surer and surer.
LOWEST, HIGHEST = 0.05, 20.0
EDGE = 1.01
# How far probabilities may be from those that the temperature means.
TOLERANCE = 1e-5
NO_BEST = f"no temperature between {LOWEST:g} and {HIGHEST:g} fits dev best"
NOT_SCALED = "its last layers don't take a temperature"


class Calibration(NamedTuple):
    """What a student's logits were divided by, and its mean negative log-likelihood on dev (nats a
    text) before and after; or the reason why it was left as it is.
    """

    temperature: float | None
    nll_before: float
    nll_after: float
    left_out: str = ""

    def __str__(self) -> str:
        if self.temperature is None:
            return f"not calibrated: {self.left_out}"
        return f"calibrated with temperature {self.temperature:.2f}"


def negative_log_likelihood(
    gold: NDArray[numpy.int64], logits: NDArray[numpy.float64], exclusive: bool
) -> float:
    """Mean negative log-likelihood of gold labels.

    gold (NDArray[int64]): 0 or 1. Shape: (texts, labels).
    logits (NDArray[float64]): Same shape.
    exclusive (bool): One distribution over the labels, or one for each label, added up.
    RETURNS (float): Nats a text.
    """
    likelihood = gold * _log_probabilities(logits, exclusive)
    if not exclusive:
        likelihood = likelihood + (1 - gold) * log_expit(-logits)
    return float(-likelihood.sum(axis=1).mean())


def fit_temperature(
    gold: NDArray[numpy.int64], logits: NDArray[numpy.float64], exclusive: bool
) -> float | None:
    """Find the temperature under which gold labels are likeliest.

    gold (NDArray[int64]): 0 or 1. Shape: (texts, labels).
    logits (NDArray[float64]): Same shape.
    exclusive (bool): See negative_log_likelihood.
    RETURNS (float | None): Above 0; None where there is no best one between 1/20 and 20.
    """
    # The likelihood has one peak over the logarithm: it is concave over 1 / temperature.
    found = minimize_scalar(
        lambda log: negative_log_likelihood(gold, logits / math.exp(log), exclusive),
        bounds=(math.log(LOWEST), math.log(HIGHEST)),
        method="bounded",
    )
    temperature = math.exp(found.x)
    if not LOWEST * EDGE < temperature < HIGHEST / EDGE:
        return None
    before = negative_log_likelihood(gold, logits, exclusive)
    return temperature if found.fun < before else 1.0


def predict_logits(nlp: Language, texts: list[str]) -> NDArray[numpy.float64]:
    """Let a pipeline's text categorizer predict logits.

    nlp (Language): A pipeline with the component "textcat".
    texts (list[str]): The texts.
    RETURNS (NDArray[float64]): Shape: (texts, labels), labels in the component's order.
    """
    with without_activation(nlp.get_pipe(COMPONENT).model):
        return _predict(nlp, texts)


def scale_logits(model: Model, temperature: float) -> bool:
    """Divide the weights and the bias that make a text classifier's logits.

    model (Model): Any text classifier with a known head.
    temperature (float): What to divide by, above 0.
    RETURNS (bool): Whether its last layers are such that this can be done.
    """
    layer = find_output(model)
    if layer is None:
        return False
    for name in ("W", "b"):
        layer.set_param(name, layer.get_param(name) / temperature)
    return True


def calibrate(nlp: Language, dev: Gold, labels: list[str]) -> Calibration:
    """Calibrate a pipeline's text categorizer on dev, in place.

    nlp (Language): A pipeline with the component "textcat".
    dev (Gold): Texts and gold labels, which it wasn't trained on.
    labels (list[str]): Names of the columns of the gold labels.
    RETURNS (Calibration): What was done.
    """
    textcat = nlp.get_pipe(COMPONENT)
    exclusive = find_head(textcat.model).exclusive
    columns = [labels.index(label) for label in textcat.labels]
    gold, logits = dev.labels[:, columns], predict_logits(nlp, dev.texts)
    before = negative_log_likelihood(gold, logits, exclusive)
    temperature = fit_temperature(gold, logits, exclusive)
    if temperature is None:
        return Calibration(None, before, before, NO_BEST)
    after = negative_log_likelihood(gold, logits / temperature, exclusive)
    weights = textcat.model.to_bytes()
    if scale_logits(textcat.model, temperature):
        expected = numpy.exp(_log_probabilities(logits / temperature, exclusive))
        if numpy.allclose(_predict(nlp, dev.texts), expected, atol=TOLERANCE):
            return Calibration(temperature, before, after)
        textcat.model.from_bytes(weights)
    return Calibration(None, before, before, NOT_SCALED)


def calibrate_on_disk(pipeline: Path, dev: Gold, labels: list[str]) -> Calibration:
    """Calibrate a pipeline that has been saved, and note it in its meta.json.

    pipeline (Path): Its folder.
    dev (Gold): Texts and gold labels, which it wasn't trained on.
    labels (list[str]): Names of the columns of the gold labels.
    RETURNS (Calibration): What was done.
    """
    nlp = spacy.load(pipeline)
    calibration = calibrate(nlp, dev, labels)
    nlp.get_pipe(COMPONENT).to_disk(pipeline / COMPONENT, exclude=["vocab"])
    meta = srsly.read_json(pipeline / "meta.json")
    srsly.write_json(pipeline / "meta.json", {**meta, META: calibration._asdict()})
    return calibration


def read_calibration(pipeline: Path) -> Calibration | None:
    """Read what was done to calibrate a pipeline.

    pipeline (Path): Its folder.
    RETURNS (Calibration | None): None where nothing was tried.
    """
    noted = srsly.read_json(pipeline / "meta.json").get(META)
    return Calibration(**noted) if noted else None


def _log_probabilities(logits: NDArray[numpy.float64], exclusive: bool) -> NDArray[numpy.float64]:
    return log_softmax(logits, axis=1) if exclusive else log_expit(logits)


def _predict(nlp: Language, texts: list[str]) -> NDArray[numpy.float64]:
    """What the text categorizer's model says of texts, labels in the component's order."""
    model, rows = nlp.get_pipe(COMPONENT).model, []
    with nlp.select_pipes(disable=COMPONENT):
        for batch in minibatch(texts, nlp.batch_size):
            rows.append(model.ops.to_numpy(model.predict(list(nlp.pipe(batch)))))
    return numpy.concatenate(rows).astype("float64")
