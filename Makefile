# Everything a person types. Needs Python 3.11+ (with venv and headers), a C compiler and make; no root, no Docker.
# Every target may be repeated at any time: what has not changed is not done again.
#
#   make run         everything on this machine, at http://localhost:8000; Ctrl-C stops it
#   make setup       what the tests need; as root it installs Debian packages, else it lists what is missing
#   make test        lint, types, import rules, then every test that is not long
#   make test-long   faults, floods and many repetitions
#   make perf        every measured speed, as a table and a picture
#   make perf-gate   the kernels, and the paths in GATED (perf/paths), against the committed budgets: fails where one is slower
#   make loadtest    load as the document draws it against the documented targets; WITH="--shape spike --rate 50"
#   make lint        the checks that run nothing
#   make soak        by hand: the long runs of the feeds' model ten times over (SOAK_TIMES=3 for three)
#
# Settings are KINORA_* variables: make run KINORA_PORT=9000 KINORA_DATA=/srv/kinora

.PHONY: run setup test test-long perf perf-gate loadtest soak lint
.SILENT:
.NOTPARALLEL:

BIN := .venv/bin
SOAK_TIMES ?= 10
# Files whose long tests wait for the processor alone, and judge neither time nor memory: two run at once.
TWO_AT_ONCE := tests/model/test_machine.py tests/edge/test_fuzz.py tests/api/test_fan_out.py tests/hotpath
PREPARE = python=$$(tools/find-python) && "$$python" -B tools/prepare.py

run:
	$(PREPARE) run && exec $(BIN)/python -m app run

setup:
	$(PREPARE) tests

test: setup lint
	tools/npm test
	$(BIN)/python -m pytest -m "not long"

test-long: setup
	$(BIN)/python -m pytest -m long -n 2 --dist loadgroup $(TWO_AT_ONCE)
	$(BIN)/python -m pytest -m long $(TWO_AT_ONCE:%=--ignore=%)

soak: setup
	KINORA_SOAK_TIMES=$(SOAK_TIMES) $(BIN)/python -m pytest -m long tests/model

perf: setup
	$(BIN)/python -m perf

perf-gate: setup
	$(BIN)/python -m perf.gate

loadtest: setup
	$(BIN)/python -m loadtest $(WITH)

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	MYPYPATH=tools $(BIN)/mypy app hotpath perf loadtest tests tools
	$(BIN)/lint-imports
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/cython-lint hotpath  # it calls pycodestyle
	tools/npm run check
