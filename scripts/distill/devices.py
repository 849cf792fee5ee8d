"""Choosing between CPU and GPU, and what multiplies matrices on the CPU."""

from collections.abc import Iterator
from contextlib import contextmanager

import spacy
from thinc.api import NumpyOps, get_current_ops, use_ops

from .errors import InputError


def use_device(gpu_id: int) -> None:
    """Make spaCy use a GPU, or leave it on the CPU.

    gpu_id (int): The GPU's number, or -1 for the CPU.
    RAISES (InputError): There is no such GPU, or what spaCy needs to use it isn't installed.
    """
    if gpu_id < 0:
        return
    try:
        spacy.require_gpu(gpu_id)
    # RuntimeError: CuPy's, where there is a GPU, but none of this number.
    except (ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split()).rstrip(".")
        raise InputError(
            f"Can't use GPU {gpu_id}: {reason}. Expected a CUDA GPU of this number and CuPy for its "
            "CUDA version (pip install cupy-cuda12x). Install it, set another number, or set "
            "--vars.gpu_id -1 to use the CPU."
        ) from error


@contextmanager
def use_numpy_blas() -> Iterator[None]:
    """Let thinc multiply matrices by NumPy's BLAS in the place of BLIS, for the layers made inside.

    BLIS has kernels for few processors. On others, such as AMD's since Zen 3, it takes generic ones: a
    third of the speed of NumPy's OpenBLAS, and one thread. Ops of another kind, such as a GPU's or
    Apple's, stay.
    """
    if type(get_current_ops()) is NumpyOps:
        with use_ops("numpy", use_blis=False):
            yield
    else:
        yield
