# Every target makes its own environment: uv when it is there, else venv and pip.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
UV     := $(shell command -v uv 2>/dev/null)
READY  := $(VENV)/.ready
# Compiled modules are kept, whatever the shell says: a run starts a dozen processes.
unexport PYTHONDONTWRITEBYTECODE
# All the tests run in two processes; `make test ARGS="-k landing"` runs some.
ARGS   ?=

.PHONY: demo test test-long lint bench test-servers container year crash crash-short format lock clean help

help:
	@sed -n 's/^\([a-z-]*\):.*## /  make \1 \t/p' $(MAKEFILE_LIST) | expand -t 24

$(READY): pyproject.toml .ci/dev.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "closedloop needs Python 3.11 or newer; say which with PYTHON=…"; exit 1; }
ifdef UV
	$(UV) venv --quiet --allow-existing --python $(PYTHON) $(VENV)
	$(UV) pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r .ci/dev.lock
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
else
	$(PYTHON) -m venv $(VENV)
	# uv installs in seconds what takes pip minutes; where it cannot be had or finds no index, pip does it.
	-@$(BIN)/python -m pip install --quiet "uv>=0.5"
	@$(BIN)/python -m uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r .ci/dev.lock \
	  || $(BIN)/python -m pip install --quiet --require-hashes -r .ci/dev.lock
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
endif
	@touch $(READY)

demo: $(READY)  ## the whole loop on a generated company, checked to the cent
	$(BIN)/closedloop demo --dir .demo --check

test: $(READY)  ## unit, contract and acceptance tests
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "not servers and not crash and not long and not container" $(ARGS)

test-long: $(READY)  ## the same cases on every other vendor
	$(BIN)/python -m pytest -n 2 --dist worksteal -m long $(ARGS)

lint: $(READY)  ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(READY)
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

bench: $(READY)  ## benchmarks: ratios in one run
	for bench in tests/bench/*.py; do PYTHONPATH=. $(BIN)/python $$bench || exit 1; done

test-servers: $(READY)  ## the same loop on a real Odoo 19 and PostgreSQL (installed on first use, then cached)
	$(BIN)/python -m pytest -m "servers and not long" tests/servers tests/store tests/service tests/writeback tests/history tests/link $(ARGS)

container: $(READY)  ## builds the image and runs it: read-only, as its user, against simulators (root; buildah is installed on first use)
	$(BIN)/python -m pytest -m container tests/container -rP $(ARGS)

year: $(READY)  ## a year of the daemon in stepped time: every hour, both clock changes, restarts, real syncs every week
	rm -rf .year && PYTHONPATH=. $(BIN)/python -m tests.year.year --dir .year $(ARGS)

crash: $(READY)  ## every failpoint killed at in every process: whole runs, upgrade, restore, the write-back and imports of each CRM, tokens
	CLOSEDLOOP_CRASH_DOSE=full $(BIN)/python -m pytest -n 2 --dist worksteal -m crash tests/crash tests/imports $(ARGS)

crash-short: $(READY)  ## two minutes of the same
	$(BIN)/python -m pytest -n 2 -m crash tests/crash $(ARGS)

# Only with uv: resolves for every supported Python and platform, keeps hashes, drops the registry's address.
lock:
	$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate \
	  --extra sync --extra postgres --group dev pyproject.toml -o .ci/dev.lock
	$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate \
	  --extra sync --extra postgres pyproject.toml -o .ci/runtime.lock

clean:
	rm -rf $(VENV) .demo .year dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
