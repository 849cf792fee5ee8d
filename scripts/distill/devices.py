"""Choosing between CPU and GPU."""

import spacy

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
    except ValueError as error:
        reason = str(error).rstrip(".")
        raise InputError(
            f"Can't use GPU {gpu_id}: {reason}. Expected a CUDA GPU and CuPy for its CUDA version (pip "
            "install cupy-cuda12x). Install it, or set --vars.gpu_id -1 to use the CPU."
        ) from error
