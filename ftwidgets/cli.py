"""The command line: ``ftwidgets train``, ``ftwidgets demo``, ``ftwidgets export``, ``ftwidgets doctor``."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from typing import Any

import yaml

from ftwidgets.errors import FtwidgetsError

WRONG = 2  # exit code for options that cannot be, as argparse's own


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Returns its exit code: 0 done, 1 failed, 2 wrong options, 130 stopped by Ctrl+C."""
    # A scheduler's end of time is a Ctrl+C too: the run stops after its step and keeps what was learnt.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    asked = _parser().parse_args(arguments)
    try:
        return asked.command(asked)
    except FtwidgetsError as error:
        print(f"ftwidgets: {error}", file=sys.stderr)
        return WRONG
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    from ftwidgets._version import __version__

    parser = argparse.ArgumentParser(prog="ftwidgets", description="Fine-tune language models in 4 bits.")
    parser.add_argument("--version", action="version", version=f"ftwidgets {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    train = commands.add_parser(
        "train",
        help="train what a YAML file or options describe",
        usage="ftwidgets train [run.yaml] [--measure] [--OPTION VALUE ...]\n"
        "       ftwidgets train --resume RUN_FOLDER [--OPTION VALUE ...]",
        description="Train what a YAML file describes, or the options, or both: options win. Ctrl+C stops after "
        "the running step and keeps what was learnt.",
    )
    train.add_argument("config", nargs="?", metavar="run.yaml", help="a run's YAML, as Studio shows it")
    train.add_argument("--resume", metavar="RUN_FOLDER", help="go on with a stopped run from its last checkpoint")
    train.add_argument(
        "--measure", action="store_true", help="only take one step on the longest batch: its memory and time"
    )
    _add_options(train)
    train.set_defaults(command=_train)

    demo = commands.add_parser(
        "demo",
        help="train the built-in model on built-in data, offline, in about a minute",
        description="Train the built-in model on built-in data and print what it learnt. Needs no network.",
    )
    demo.add_argument("--method", default="dpo", help="default: dpo")
    demo.add_argument("--max-steps", type=int, help="default: the preset's")
    demo.add_argument("--output-dir", default="runs", help="default: runs")
    demo.set_defaults(command=_demo)

    _add_export(commands)

    doctor = commands.add_parser("doctor", help="show versions, device, free memory, and what is missing")
    doctor.set_defaults(command=_doctor)
    return parser


def _add_export(commands: Any) -> None:
    from ftwidgets.exporting import KINDS

    export = commands.add_parser(
        "export",
        help="take a run's model away: adapter, merged model, GGUF file, hub repository, card, script",
        usage="ftwidgets export RUN_FOLDER --to {" + ",".join(KINDS) + "} [TARGET] [options]",
        description="Take a run's model away. What is written is read back and checked, and appears whole or not at "
        "all; what exists is kept.",
    )
    export.add_argument("run", metavar="RUN_FOLDER", help="the run's folder")
    export.add_argument(
        "--to",
        nargs="+",
        required=True,
        metavar=("KIND", "TARGET"),
        help=f"what to make ({', '.join(KINDS)}), and the folder or file to make it in (default: in the run's folder), "
        "or for hub your-name/repository",
    )
    export.add_argument("--merged", action="store_true", help="with --to hub: push the merged model, not the adapter")
    export.add_argument("--public", action="store_true", help="with --to hub: make the repository public")
    export.add_argument("--converter", metavar="FILE", help="with --to gguf: llama.cpp's convert_hf_to_gguf.py")
    export.add_argument("--outtype", metavar="TYPE", help="with --to gguf: bf16 (default), f16, q8_0 or f32")
    export.set_defaults(command=_export)


def _add_options(parser: argparse.ArgumentParser) -> None:
    """One flag for each option of a run, under its own name. Values are YAML; RunConfig judges them."""
    from ftwidgets.config.option import GROUPS
    from ftwidgets.config.run_config import OPTIONS

    groups = {name: parser.add_argument_group(f"{name} options") for name in GROUPS}
    for name, option in OPTIONS.items():
        methods = "" if len(option.methods) == len(OPTIONS["method"].methods) else f" ({', '.join(option.methods)})"
        without = f" Empty: {option.empty}." if option.empty else ""
        groups[option.group].add_argument(
            f"--{name}",
            *([f"--{name.replace('_', '-')}"] if "_" in name else []),
            dest=f"option_{name}",
            metavar="VALUE",
            type=yaml.safe_load,
            default=argparse.SUPPRESS,
            help=f"{option.help}{without}{methods}".replace("%", "%%"),
        )


def _train(asked: argparse.Namespace) -> int:
    from ftwidgets import starting, terminal

    options: dict[str, Any] = {
        name.removeprefix("option_"): value for name, value in vars(asked).items() if name.startswith("option_")
    }
    if asked.resume:
        if asked.config or asked.measure:
            raise FtwidgetsError("--resume goes on with a run that has its config: leave out the YAML and --measure.")
        return terminal.follow(starting.resume(asked.resume, **options))
    if not asked.config and not options:
        raise FtwidgetsError("give a run's YAML, or options such as --method dpo --model demo --dataset demo.")
    if asked.measure:
        from ftwidgets.measuring import measure_step

        print(measure_step(asked.config, **options))
        return 0
    return terminal.follow(starting.train(asked.config, **options))


def _demo(asked: argparse.Namespace) -> int:
    from ftwidgets import starting, terminal

    steps = {} if asked.max_steps is None else {"max_steps": asked.max_steps}
    run = starting.train(method=asked.method, model="demo", dataset="demo", output_dir=asked.output_dir, **steps)
    return terminal.follow(run)


def _export(asked: argparse.Namespace) -> int:
    from ftwidgets.exporting import export_run

    kind, *rest = asked.to
    if len(rest) > 1:
        raise FtwidgetsError(f"--to {kind}: give one target, not {len(rest)}.")
    options = {name: getattr(asked, name) for name in ("merged", "converter", "outtype") if getattr(asked, name)}
    if asked.public:
        options["private"] = False
    said: list[str] = []

    def progress(phase: str, done: float | None, total: float | None, text: str) -> None:
        line = f"{phase} {text}".strip()
        if line not in said[-1:] and "Loading weights" not in text:
            said.append(line)
            print(f"{line} …", flush=True)

    print(export_run(asked.run, kind, rest[0] if rest else None, progress=progress, **options))
    return 0


def _doctor(asked: argparse.Namespace) -> int:
    from ftwidgets import doctor

    return doctor.main()


if __name__ == "__main__":
    sys.exit(main())
