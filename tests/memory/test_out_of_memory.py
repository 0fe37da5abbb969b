"""Memory that ran out: recognised by its messages, told with its numbers, and answered with what fits."""

import errno

import pytest

from ftwidgets.config import RunConfig
from ftwidgets.memory import DeviceMemory, OutOfMemoryError, estimate_memory, is_out_of_memory
from ftwidgets.memory.out_of_memory import RESUMABLE, Shortage, asked_bytes, explained

CPU = RuntimeError(
    "[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to allocate "
    "4398046511104 bytes. Error code 12 (Cannot allocate memory)"
)
WINDOWS = RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 2048 bytes.")
CUBLAS = RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`")


class _TorchError(RuntimeError):
    """As torch.cuda.OutOfMemoryError: known by its name, since torch is not imported here."""


_TorchError.__name__ = "OutOfMemoryError"
CUDA = _TorchError(
    "CUDA out of memory. Tried to allocate 1.50 GiB. GPU 0 has a total capacity of 11.75 GiB of which 512.00 MiB is "
    "free. Including non-PyTorch memory, this process has 11.2 GiB memory in use."
)


@pytest.mark.parametrize(
    ("error", "asked"),
    [
        (CPU, 4398046511104),
        (WINDOWS, 2048),
        (CUDA, 1.5 * 2**30),
        (CUBLAS, None),
        (MemoryError(), None),
        (MemoryError("Unable to allocate 7.28 TiB for an array with shape (1000000, 1000000)"), 7.28 * 2**40),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), None),
    ],
)
def test_shortages_are_known_by_what_they_say(error, asked):
    assert is_out_of_memory(error)
    assert asked_bytes(error) == asked


@pytest.mark.parametrize(
    "error",
    [RuntimeError("shape '[2, 3]' is invalid"), OSError(errno.ENOSPC, "No space left"), ValueError("out of memory")],
)
def test_other_errors_are_none(error):
    assert not is_out_of_memory(error)


def test_a_shortage_inside_another_error_is_one():
    try:
        try:
            raise CPU
        except RuntimeError as inner:
            raise ValueError("The reward function failed.") from inner
    except ValueError as outer:
        assert is_out_of_memory(outer) and asked_bytes(outer) == 4398046511104


def run(**more):
    return RunConfig(**({"method": "dpo", "per_device_train_batch_size": 32, "max_length": 512} | more))


def shortage(**more):
    return Shortage(**({"step": 6, "asked": 3e9, "free": 1e9, "where": "", "traceback": ""} | more))


def test_it_is_told_with_its_numbers_and_goes_on_from_the_checkpoint():
    config = run()
    free = estimate_memory(config, device="cpu", per_device_train_batch_size=8).high
    found = explained(shortage(), config, DeviceMemory("cpu", "main memory", 8e9, free), checkpoint=6)
    assert isinstance(found, OutOfMemoryError)
    said = str(found)
    assert "Out of memory at step 7: 3.0 GB more were asked for and 1.0 GB were free (main memory, 8.0 GB)." in said
    assert "Estimated for this run:" in said and "activations" in said and "are free now" in said
    changes = found.facts["changes"]
    assert set(changes) <= set(RESUMABLE) and found.facts["same_run"]
    assert found.facts["after"] <= 0.8 * free
    assert "ftwidgets.retry(run) goes on from step 6" in found.advice
    batch, accumulation = changes.get("per_device_train_batch_size"), changes.get("gradient_accumulation_steps")
    assert (batch is None) == (accumulation is None)
    if batch:
        assert batch[0] * accumulation[0] == batch[1] * accumulation[1]


def test_without_a_checkpoint_it_starts_again():
    config = run()
    free = estimate_memory(config, device="cpu", per_device_train_batch_size=8).high
    found = explained(shortage(step=0), config, DeviceMemory("cpu", "main memory", 8e9, free), checkpoint=None)
    assert not found.facts["same_run"] and "starts again" in found.advice


def test_an_estimate_that_was_too_low_is_not_believed_again():
    config = run()
    estimate = estimate_memory(config, device="cpu")
    found = explained(shortage(), config, DeviceMemory("cpu", "main memory", 99e9, 90e9), checkpoint=6)
    assert found.facts["changes"] and found.facts["after"] <= 0.8 * estimate.low


def test_a_model_that_does_not_fit_at_all():
    found = explained(shortage(asked=None), run(), DeviceMemory("cpu", "main memory", 1e6, 1e6), checkpoint=6)
    assert found.facts["changes"] == {} and "Choose a smaller model" in found.advice
    assert "more was asked for" in str(found)


def test_a_model_that_is_gone_leaves_the_shortage_to_tell(tmp_path):
    found = explained(shortage(), run(model=str(tmp_path)), DeviceMemory("cpu", "main memory", 1e9, 1e9), checkpoint=6)
    assert found.facts["estimate"] is None and "Out of memory at step 7" in str(found)
