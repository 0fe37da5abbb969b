"""Who may import whom: read from the source, so that a forbidden import fails here before it is a habit."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import ftwidgets

PACKAGE = Path(ftwidgets.__file__).parent
TORCH = {"torch", "transformers", "trl", "peft", "bitsandbytes", "accelerate"}
WIDGETS = {"ipywidgets", "anywidget", "IPython"}
LIGHT = {"ftwidgets.errors", "ftwidgets._version"}  # every room may know them
# run.curves() and run.figure() show what widgets/ makes, and load it when called
JOINTS = {
    ("runs/run.py", "ftwidgets.Curves"),
    ("runs/run.py", "ftwidgets.widgets.figure"),
    ("widgets/pair_viewer/seeing.py", "ftwidgets.eyes"),  # a press of See with the model
}

# What each room may import of ours (besides itself), and what of others it must not, wherever the import stands.
ROOMS: dict[str, tuple[set[str], set[str]]] = {
    "config": ({"demo"}, TORCH | WIDGETS),
    "data": ({"config", "demo"}, TORCH | WIDGETS),
    "models": ({"config", "demo"}, TORCH | WIDGETS),
    "memory": ({"config", "data", "demo", "models"}, TORCH | WIDGETS),
    "runs": ({"config", "data", "demo", "memory", "models"}, TORCH),
    "training": ({"config", "data", "demo", "memory", "models"}, WIDGETS),
    "diagnosis": ({"config", "demo", "runs"}, TORCH | WIDGETS),
    "widgets": ({"config", "data", "demo", "diagnosis", "memory", "models", "runs"}, TORCH),
    "export": ({"config", "data", "demo", "models", "runs", "training"}, WIDGETS),
    "studio": (
        {
            *("config", "data", "demo", "memory", "models", "runs", "training", "widgets"),
            *("blind", "exporting", "fetching", "measuring", "passing", "rewarding", "starting", "trying"),
        },
        TORCH,
    ),
}
# Slow to import, so `import ftwidgets` and the forms must not wait for them: inside functions they are welcome.
SLOW = {"pandas", "datasets", "polars", "pyarrow", "plotly", "matplotlib"} | TORCH
EVERYTHING = {
    *("__init__.py", "blind.py", "browser.py", "starting.py", "exporting.py", "eyes.py", "trying.py"),
    *("comparing.py", "fetching.py", "measuring.py", "passing.py", "rewarding.py"),
    *("cli.py", "doctor.py", "terminal.py"),
}


def imports(tree: ast.AST, package: str) -> Iterator[tuple[str, int]]:
    """Every module that a file names in an import, with its line; `if TYPE_CHECKING:` does not count."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package.rsplit(".", node.level - 1)[0] if node.level else ""
            module = ".".join(part for part in (base, node.module) if part)
            yield module, node.lineno
            if module == "ftwidgets":  # from ftwidgets import config
                yield from ((f"ftwidgets.{alias.name}", node.lineno) for alias in node.names)
        else:
            yield from imports(node, package)


def files(room: str) -> list[Path]:
    return sorted(file for file in (PACKAGE / room).rglob("*.py"))


def package_of(file: Path) -> str:
    return ".".join(("ftwidgets", *file.parent.relative_to(PACKAGE).parts))


@pytest.mark.parametrize("room", [room for room in ROOMS if (PACKAGE / room).is_dir()])
def test_room_imports_only_what_it_may(room: str) -> None:
    ours, forbidden = ROOMS[room]
    wrong = []
    for file in files(room):
        path = file.relative_to(PACKAGE).as_posix()
        for module, line in imports(ast.parse(file.read_text(encoding="utf-8")), package_of(file)):
            top, _, rest = module.partition(".")
            other = rest.partition(".")[0]
            stranger = top == "ftwidgets" and other and other not in ours | {room} and module not in LIGHT
            if (stranger or top in forbidden) and (path, module) not in JOINTS:
                wrong.append(f"{path}:{line} imports {module}")
    assert not wrong, "\n".join(wrong)


def test_rooms_are_all_under_the_rules() -> None:
    rooms = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert rooms - set(ROOMS) <= {"demo"}
    assert {file.name for file in PACKAGE.glob("*.py")} - EVERYTHING <= {"errors.py", "_version.py"}


@pytest.mark.parametrize("room", ["config", "diagnosis", "runs", "widgets", "demo"])
def test_slow_packages_load_inside_functions(room: str) -> None:
    wrong = []
    for file in files(room):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        if file.parent.name == "demo" and any(module.split(".")[0] in TORCH for module, _ in imports(tree, "")):
            continue  # the scripts that make the demo model; nothing else imports them
        top = ast.Module([node for node in tree.body if not isinstance(node, ast.FunctionDef | ast.ClassDef)], [])
        for module, line in imports(top, package_of(file)):
            if module.partition(".")[0] in SLOW:
                wrong.append(f"{file.relative_to(PACKAGE)}:{line} imports {module} when it is loaded")
    assert not wrong, "\n".join(wrong)
