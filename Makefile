# Needs Python 3.11 or newer and make; everything else goes into .venv.
#
#     make demo                     see it work, without Docker
#     make test ARGS="-k cancel"    options for the command that is run

PYTHON ?= python3
ARGS ?=
# Tests wait more than they work. Each process has a Kafka and a MongoDB of its own; where they are
# given there is one of each.
TEST_PROCESSES ?= $(if $(filter external,$(OMS_TEST_BACKEND)),0,2)

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-emit-find-links --annotation-style line \
	--custom-compile-command 'make lock'

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo dev test simulate fuzz audit check lint types layers dockerfile docker-config format lock pictures contract clean

help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: .venv/.project  ## Start everything on this machine and walk orders through their life
	@$(BIN)/oms demo $(ARGS)

dev: .venv/.project  ## Start everything on this machine until Ctrl-C
	@$(BIN)/oms dev $(ARGS)

test: .venv/.project  ## Run the tests
	@$(BIN)/python -m pytest -ra --numprocesses $(TEST_PROCESSES) --dist loadfile $(ARGS)

simulate: .venv/.project  ## Run 10,000 simulated histories; ARGS="--histories 1000000" for more
	$(BIN)/python -m tests.simulation run $(ARGS)

fuzz: .venv/.hardening  ## Feed hostile records for a minute; ARGS="reply -max_total_time=3600" as libFuzzer takes it
	$(BIN)/python -m tests.fuzzing $(ARGS)

audit: .venv/.hardening  ## Look for known vulnerabilities in everything that is locked
	@for lock in requirements/*.txt; do echo $$lock; \
		$(BIN)/pip-audit --disable-pip --require-hashes --requirement $$lock || failed=1; done; \
		exit $${failed:-0}

check: lint types layers dockerfile docker-config  ## Look for faults without running anything

lint: .venv/.project
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: .venv/.project
	$(BIN)/mypy

layers: .venv/.project
	$(BIN)/lint-imports --no-logo

dockerfile: .venv/.project
	$(BIN)/hadolint Dockerfile

docker-config: .venv/.project  ## Check docker-compose.yml with Docker Compose itself
	@bash .ci/check-compose

format: .venv/.project  ## Mend what can be mended without thought
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

lock: .venv/.project  ## Write requirements/ anew from pyproject.toml; ARGS=--upgrade for newer versions
	$(COMPILE) pyproject.toml --all-extras --group build --output-file requirements/all.txt $(ARGS)
	$(COMPILE) pyproject.toml --extra tracing --constraint requirements/all.txt --output-file requirements/runtime.txt $(ARGS)
	$(COMPILE) --constraint requirements/all.txt --group build --output-file requirements/build.txt $(ARGS)
	$(COMPILE) --constraint requirements/all.txt --group hardening --output-file requirements/hardening.txt $(ARGS)
	$(COMPILE) --group compose --output-file requirements/compose.txt $(ARGS)

# The pictures of the documentation. The one of the demo is taken from a run of it.
pictures: .venv/.project
	$(BIN)/python -m docs.drawing

contract: .venv/.project  ## Write the published contract anew: schemas, AsyncAPI and its page
	$(BIN)/python -m docs.publishing

clean:  ## Remove .venv and whatever tools have left behind
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The tools and libraries, exactly those of the lock. Made from nothing each time the lock
# changes, so that nothing stays that is no longer in it.
.venv/.dependencies: requirements/all.txt
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit(1)' || { \
		echo "This needs Python 3.11 or newer, and '$(PYTHON)' is: $$($(PYTHON) --version 2>&1)." >&2; \
		echo "Name another one: make $(MAKECMDGOALS) PYTHON=python3.13" >&2; exit 1; }
	@echo "Installing into .venv. This is needed once, and takes a minute or two."
	@$(PYTHON) -m venv --clear .venv || { \
		echo "No virtual environment could be made. On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@$(PIP) install --require-hashes --requirement requirements/all.txt
	@touch $@

.venv/.project: .venv/.dependencies pyproject.toml
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

# Only these two tools need it, and a fuzzer comes built for few machines.
.venv/.hardening: .venv/.project requirements/hardening.txt
	@$(PIP) install --quiet --require-hashes --requirement requirements/hardening.txt
	@touch $@
