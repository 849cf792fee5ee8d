"""Devices: what multiplies matrices where, and that it is put back."""

import numpy
import pytest
from thinc.api import Linear, NumpyOps, get_current_ops, set_current_ops

from scripts.distill.devices import use_device, use_numpy_blas
from scripts.distill.errors import InputError


class OtherOps(NumpyOps):
    """Ops of another kind, as Apple's are."""


def test_layers_multiply_by_numpy_inside_and_by_blis_outside() -> None:
    with use_numpy_blas():
        inside = Linear(nO=3, nI=4)
    outside = Linear(nO=3, nI=4)
    inside.initialize()
    outside.initialize()
    for name in ("W", "b"):
        outside.set_param(name, inside.get_param(name))
    assert not inside.ops.use_blis
    assert outside.ops.use_blis
    texts = numpy.linspace(-1, 1, 20, dtype="float32").reshape(5, 4)
    numpy.testing.assert_allclose(inside.predict(texts), outside.predict(texts), rtol=1e-5)


def test_ops_are_put_back_after_an_error() -> None:
    before = get_current_ops()
    with pytest.raises(ZeroDivisionError), use_numpy_blas():
        assert get_current_ops() is not before
        raise ZeroDivisionError
    assert get_current_ops() is before


def test_ops_of_another_kind_stay() -> None:
    before, other = get_current_ops(), OtherOps()
    set_current_ops(other)
    try:
        with use_numpy_blas():
            assert get_current_ops() is other
    finally:
        set_current_ops(before)


@pytest.mark.parametrize(
    ("raised", "message"),
    [
        (ValueError("No GPU devices detected."), "No GPU devices detected"),
        # CuPy, and after it torch, where there is another GPU.
        (RuntimeError("cudaErrorInvalidDevice: no such\ndevice"), "InvalidDevice: no such device"),
    ],
)
def test_missing_gpu_is_refused(
    raised: Exception, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lack(gpu_id: int) -> None:
        raise raised

    monkeypatch.setattr("spacy.require_gpu", lack)
    use_device(-1)
    with pytest.raises(
        InputError, match=rf"Can't use GPU 3: .*{message}\. Expected .*--vars\.gpu_id"
    ):
        use_device(3)
