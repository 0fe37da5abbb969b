"""What ``import ftwidgets`` costs, next to ``import ipywidgets``, and that torch is not among it. Prints JSON last."""

import json
import statistics
import subprocess
import sys
import time

RUNS = 7


def seconds(code: str) -> float:
    """Median wall time of a process that runs ``code``, less that of an empty one measured beside it."""
    spent = []
    for _ in range(RUNS):
        times = []
        for program in ("pass", code):
            begun = time.perf_counter()
            subprocess.run([sys.executable, "-c", program], check=True)
            times.append(time.perf_counter() - begun)
        spent.append(times[1] - times[0])
    return statistics.median(spent)


def main() -> None:
    code = "import ftwidgets, sys; print([m for m in ('torch', 'pandas', 'datasets') if m in sys.modules])"
    heavy = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.strip()
    ours, form, peer = (
        seconds("import ftwidgets"),
        seconds("import ftwidgets; ftwidgets.Studio"),
        seconds("import ipywidgets"),
    )
    print(f"import ftwidgets {ours:.3f} s; with Studio {form:.3f} s; import ipywidgets {peer:.3f} s; heavy: {heavy}")
    result = {"benchmark": "import_time", "ftwidgets_s": ours, "studio_s": form, "ipywidgets_s": peer, "heavy": heavy}
    print(json.dumps(result | {"ratio": ours / peer}))


if __name__ == "__main__":
    main()
