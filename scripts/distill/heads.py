"""Output layers of spaCy's text classifiers: from probabilities to logits, and gradients back.

A text classifier gives probabilities and takes a gradient on its output. What that gradient means
differs: thinc's `Softmax` layer takes it as the gradient on its *logits*, while
`softmax_activation` (in TextCatBOW) and `Logistic` (in every multi-label model) multiply it by
their Jacobian first. To train any of them on a loss with a known gradient on the logits, the
latter have to be handed a gradient that the Jacobian turns into that one.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum
from typing import Any

from thinc.api import Model
from thinc.types import Floats2d
from thinc.util import get_array_module

from .errors import SettingError

# Probabilities are kept this far from 0 when divided by: float32 goes down to 1e-38, thinc's logistic
# to 2e-9. Those of a logistic head are kept from 1 by what float32 can tell from it.
SOFTMAX_FLOOR = 1e-30
LOGISTIC_FLOOR, LOGISTIC_CEILING = 1e-9, 1 - 2**-24

# Layers that make logits of their input, and those that may follow: activations, and dropout, which
# does nothing in prediction.
LINEAR = ("softmax", "linear", "sparse_linear")
PASSED_OVER = ("softmax_activation", "logistic", "dropout")


class Head(Enum):
    """The last layer of a text classifier, by the name that thinc gives it."""

    SOFTMAX = "softmax"
    SOFTMAX_ACTIVATION = "softmax_activation"
    LOGISTIC = "logistic"

    @property
    def exclusive(self) -> bool:
        """Whether the probabilities of a document sum to 1."""
        return self is not Head.LOGISTIC


def _last_layer(model: Model) -> Model:
    layer = model
    while layer.layers:
        layer = layer.layers[-1]
    return layer


def find_head(model: Model) -> Head:
    """Find out what the last layer of a text classifier is.

    model (Model): Any text classifier; chains and wrappers are looked through.
    RETURNS (Head): The kind of its last layer.
    RAISES (ValueError): The last layer is none that gives probabilities.
    """
    layer = _last_layer(model)
    try:
        return Head(layer.name)
    except ValueError:
        names = ", ".join(head.value for head in Head)
        raise SettingError(
            f"Can't distil into the model '{model.name}': its last layer is '{layer.name}', "
            f"expected one of: {names}. For TextCatBOW set no_output_layer = false."
        ) from None


def find_output(model: Model) -> Model | None:
    """Find the layer whose weights make the logits of a text classifier.

    model (Model): Any text classifier with a known head.
    RETURNS (Model | None): A layer whose weights "W" and bias "b" the logits are proportional to, as in
        all of spaCy's text classifiers; None where the last layers are of another make.
    RAISES (ValueError): The last layer is none that gives probabilities.
    """
    find_head(model)
    leaves = [layer for layer in model.walk(order="dfs_pre") if not layer.layers]
    for layer in reversed(leaves):
        if layer.name in LINEAR:
            return layer
        if layer.param_names or layer.name not in PASSED_OVER:
            return None
    return None


def to_logits(head: Head, probabilities: Floats2d) -> Floats2d:
    """Recover logits from a text classifier's output.

    head (Head): Its last layer.
    probabilities (Floats2d): Its output. Shape: (batch, labels).
    RETURNS (Floats2d): Logits, same shape; for exclusive labels up to a constant in each row. Those of
        a logistic head are from -20 to 16: beyond, float32 has rounded them away.
    """
    xp = get_array_module(probabilities)
    if head.exclusive:
        return xp.log(probabilities.clip(SOFTMAX_FLOOR, None))
    p = probabilities.clip(LOGISTIC_FLOOR, LOGISTIC_CEILING)
    return xp.log(p) - xp.log1p(-p)


def to_output_gradient(head: Head, d_logits: Floats2d, probabilities: Floats2d) -> Floats2d:
    """Turn a gradient on the logits into the one to hand to the model's backprop callback.

    head (Head): The model's last layer.
    d_logits (Floats2d): Gradient on the logits; for exclusive labels its rows sum to 0. Shape:
        (batch, labels).
    probabilities (Floats2d): The model's output, same shape.
    RETURNS (Floats2d): Gradient for the output, same shape.
    """
    if head is Head.SOFTMAX:
        return d_logits
    if head is Head.SOFTMAX_ACTIVATION:
        return d_logits / probabilities.clip(SOFTMAX_FLOOR, None)
    p = probabilities.clip(LOGISTIC_FLOOR, LOGISTIC_CEILING)
    return d_logits / (p * (1 - p))


def _pass_on(model: Model, X: Any, is_train: bool) -> tuple[Any, Callable]:
    return X, lambda dY: dY


@contextmanager
def without_activation(model: Model) -> Iterator[Model]:
    """Let a text classifier predict logits for a while: the true ones, not those recovered from
    probabilities that float32 has rounded to 0 or 1.

    model (Model): Any text classifier with a known head.
    YIELDS (Model): The same model. Only for prediction, not for training.
    RAISES (ValueError): The last layer is none that gives probabilities.
    """
    layer = _last_layer(model)
    if find_head(model) is Head.SOFTMAX:
        normalize = layer.attrs["softmax_normalize"]
        layer.attrs["softmax_normalize"] = False
        try:
            yield model
        finally:
            layer.attrs["softmax_normalize"] = normalize
    else:
        func = layer._func
        layer._func = _pass_on
        try:
            yield model
        finally:
            layer._func = func
