"""Every built-in head gets the gradient that the loss means, proven by finite differences."""

from collections.abc import Callable
from typing import Any

import numpy
import pytest
from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import registry
from thinc.api import Linear, Model, fix_random_seed

from scripts.distill.heads import (
    Head,
    find_head,
    to_logits,
    to_output_gradient,
    without_activation,
)
from scripts.distill.losses import (
    DistillLoss,
    make_blend,
    make_kl_divergence,
    make_mse_logits,
    make_soft_cross_entropy,
)

TEXTS = ["a kettle that works", "the lamp broke", "nice", "no no no it broke again"]
TOK2VEC = {
    "@architectures": "spacy.HashEmbedCNN.v2",
    "pretrained_vectors": None,
    "width": 8,
    "depth": 1,
    "embed_size": 50,
    "window_size": 1,
    "maxout_pieces": 2,
    "subword_features": True,
}


def bow(exclusive: bool) -> dict[str, Any]:
    return {
        "@architectures": "spacy.TextCatBOW.v3",
        "exclusive_classes": exclusive,
        "ngram_size": 1,
        "no_output_layer": False,
        "length": 1024,
    }


def reduce(exclusive: bool) -> dict[str, Any]:
    return {
        "@architectures": "spacy.TextCatReduce.v1",
        "exclusive_classes": exclusive,
        "use_reduce_first": False,
        "use_reduce_last": False,
        "use_reduce_max": True,
        "use_reduce_mean": True,
        "tok2vec": TOK2VEC,
    }


def ensemble(exclusive: bool) -> dict[str, Any]:
    return {
        "@architectures": "spacy.TextCatEnsemble.v2",
        "tok2vec": TOK2VEC,
        "linear_model": bow(exclusive),
    }


def attention(exclusive: bool) -> dict[str, Any]:
    return {
        "@architectures": "spacy.TextCatParametricAttention.v1",
        "exclusive_classes": exclusive,
        "tok2vec": TOK2VEC,
    }


ARCHITECTURES = [bow, reduce, ensemble, attention]


def build(config: dict[str, Any], docs: list[Doc], labels: int) -> Model:
    fix_random_seed(0)
    model = registry.resolve({"model": config})["model"]
    model.initialize(X=docs, Y=numpy.zeros((len(docs), labels), dtype="f"))
    # Freshly made output layers are all zero; gradients should be tested elsewhere too.
    rng = numpy.random.default_rng(0)
    for layer in model.walk():
        for name in layer.param_names:
            if layer.has_param(name) and layer.name in ("softmax", "linear", "sparse_linear"):
                value = layer.get_param(name)
                layer.set_param(name, value + rng.normal(size=value.shape).astype("f") * 0.1)
    return model


@pytest.fixture
def docs(nlp: Language) -> list[Doc]:
    return [nlp.make_doc(text) for text in TEXTS]


@pytest.mark.parametrize("exclusive", [True, False])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_head_is_found(
    architecture: Callable[[bool], dict[str, Any]], exclusive: bool, docs: list[Doc]
) -> None:
    head = find_head(build(architecture(exclusive), docs, 3))
    if not exclusive:
        assert head is Head.LOGISTIC
    else:
        assert head is (Head.SOFTMAX_ACTIVATION if architecture is bow else Head.SOFTMAX)
    assert head.exclusive is exclusive


LOSSES = [
    pytest.param(make_soft_cross_entropy(2.0), id="soft_cross_entropy"),
    pytest.param(make_kl_divergence(2.0), id="kl_divergence"),
    pytest.param(make_mse_logits(), id="mse_logits"),
    pytest.param(make_blend(make_mse_logits(), 0.4), id="blend"),
]


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("exclusive", [True, False])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_weights_get_the_true_gradient(
    architecture: Callable[[bool], dict[str, Any]],
    exclusive: bool,
    loss: DistillLoss,
    docs: list[Doc],
) -> None:
    """Move the bias of the last layer with weights a little: the loss must change as the gradient
    that backprop left there says."""
    model = build(architecture(exclusive), docs, 3)
    head = find_head(model)
    teacher = numpy.random.default_rng(1).normal(size=(len(docs), 3)).astype("f")
    gold = numpy.eye(3, dtype="f")[[0, 2, 1, 0]]
    gold[1] = numpy.nan

    def total() -> float:
        logits = to_logits(head, model.predict(docs).astype("float64"))
        result = loss(teacher, logits, exclusive=exclusive, gold_scores=gold)
        return result.loss * len(docs)

    scores, backprop = model.begin_update(docs)
    logits = to_logits(head, scores)
    grad = loss(teacher, logits, exclusive=exclusive, gold_scores=gold).grad
    backprop(to_output_gradient(head, grad, scores))
    layer = [node for node in model.walk() if node.has_param("b") and node.has_grad("b")]
    output = next(
        node
        for node in reversed(layer)
        if node.get_param("b").shape == (3,) and node.name in ("softmax", "linear", "sparse_linear")
    )
    bias, gradient, step = output.get_param("b").copy(), output.get_grad("b"), 1e-2
    for i in range(3):
        changes = []
        for sign in (1, -1):
            moved = bias.copy()
            moved[i] += sign * step
            output.set_param("b", moved)
            changes.append(total())
        output.set_param("b", bias)
        assert (changes[0] - changes[1]) / (2 * step) == pytest.approx(
            gradient[i], abs=2e-3, rel=5e-3
        )


@pytest.mark.parametrize("exclusive", [True, False])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_logits_without_activation_equal_those_recovered(
    architecture: Callable[[bool], dict[str, Any]], exclusive: bool, docs: list[Doc]
) -> None:
    model = build(architecture(exclusive), docs, 3)
    probabilities = model.predict(docs)
    with without_activation(model):
        logits = model.predict(docs)
    numpy.testing.assert_allclose(model.predict(docs), probabilities)
    recovered = to_logits(find_head(model), probabilities)
    if exclusive:
        logits = logits - logits.mean(axis=1, keepdims=True)
        recovered = recovered - recovered.mean(axis=1, keepdims=True)
    numpy.testing.assert_allclose(recovered, logits, atol=1e-4)


@pytest.mark.parametrize("head", list(Head))
def test_certain_probabilities_give_finite_numbers(head: Head) -> None:
    certain = numpy.array([[1.0, 0.0]], dtype="f")
    assert numpy.isfinite(to_logits(head, certain)).all()
    gradient = to_output_gradient(head, numpy.array([[1.0, -1.0]], dtype="f"), certain)
    assert numpy.isfinite(gradient).all()


@pytest.mark.parametrize("logit", [-19.0, -15.0, 0.0, 15.0])
def test_logistic_gradient_is_true_far_from_the_middle(logit: float) -> None:
    """What backprop makes of the gradient it is handed: times p (1 - p), in float32."""
    p = numpy.array([[1 / (1 + numpy.exp(-numpy.float32(logit)))]], dtype="f")
    wanted = numpy.array([[0.5]], dtype="f")
    handed = to_output_gradient(Head.LOGISTIC, wanted, p)
    assert (handed * p * (1 - p))[0, 0] == pytest.approx(0.5, rel=1e-3)
    assert to_logits(Head.LOGISTIC, p)[0, 0] == pytest.approx(logit, abs=0.2)


def test_model_without_probabilities_is_refused() -> None:
    with pytest.raises(ValueError, match="softmax_activation, logistic"):
        find_head(Linear(2, 2))
