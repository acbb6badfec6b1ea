# Two commands matter: `make run` (a report from the bundled example, or VCF=path) and `make test` (every check).
# Both work in a fresh clone with Python >= 3.11 and make; finished steps leave a stamp and are not repeated.

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$p"; break; }; done)
VENV   := .venv
BIN    := $(VENV)/bin
STAMPS := $(VENV)/stamps
PIP    := $(BIN)/python -m pip --quiet --disable-pip-version-check install
KB     := src/starling/knowledge/starling.kb

TRAIN  := $(VENV)/train
IWPC   ?= $(or $(STARLING_DATA),../shared/data)/iwpc_warfarin.tsv.gz
# One thread and one kind of arithmetic, so that sums end in the same bits on other machines.
SAME   := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 OPENBLAS_CORETYPE=Haswell PYTHONPATH=src:workshop/src

# Processes that share the tests; a module is compiled once, not by every process.
JOBS   ?= 2
export PYTHONDONTWRITEBYTECODE :=

NODE   ?= build/node
PORT   ?= 0

VCF    ?= src/starling/examples/example.vcf
REPORT ?= build/report

.DEFAULT_GOAL := help
.PHONY: help setup run node test lint types floors shape pytest exhaustive coverage bench bench-node bench-cds train-warfarin bench-warfarin docs \
	release lock clean
.DELETE_ON_ERROR:

help:  ## what there is to make
	@sed -n 's/^\([a-z-]*\):.*  ## /\1\t/p' $(MAKEFILE_LIST) | expand -t 16

$(STAMPS)/venv:
	@test -n "$(PYTHON)" || { echo "Starling needs Python 3.11 or newer; none was found (set PYTHON=...)." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "python -m venv failed; on Debian: apt install python3-venv" >&2; exit 1; }
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/build: requirements/build.txt $(STAMPS)/venv
	@$(PIP) --require-hashes -r requirements/build.txt
	@touch $@

# Installed from this tree (editable), without dependencies because there are none; also compiles the knowledge base.
$(STAMPS)/package: pyproject.toml workshop/pyproject.toml hatch_build.py $(STAMPS)/build
	@$(PIP) --no-build-isolation --no-deps --editable . --editable workshop
	@touch $@

# The report needs the standard library alone: no environment, no network.
$(KB): $(wildcard knowledge-base/* src/starling/knowledge/*.py src/starling/knowledge/*.sql)
	@test -n "$(PYTHON)" || { echo "Starling needs Python 3.11 or newer; none was found (set PYTHON=...)." >&2; exit 1; }
	@$(PYTHON) hatch_build.py
	@touch $@

$(STAMPS)/dev: requirements/dev.txt $(STAMPS)/package
	@$(PIP) --require-hashes -r requirements/dev.txt
	@touch $@

# The tools that make models, pinned, in an environment of their own.
$(STAMPS)/train: requirements/train.txt $(STAMPS)/venv
	@$(PYTHON) -m venv $(TRAIN)
	@$(TRAIN)/bin/python -m pip --quiet --disable-pip-version-check install --require-hashes -r requirements/train.txt
	@touch $@

# Programs of the system that some tests use: installed as root on Debian, named elsewhere.
$(STAMPS)/system: tools/system.sh $(STAMPS)/venv
	@tools/system.sh
	@touch $@

# Definitions and validators of FHIR, believed by their digests; without npm the tests of them are skipped.
$(STAMPS)/npm: tools/npm.txt tools/npm.py $(STAMPS)/system
	@$(BIN)/python tools/npm.py $(VENV)/npm
	@touch $@

setup: $(STAMPS)/dev $(STAMPS)/system $(STAMPS)/npm $(KB)  ## the environment with all development tools

run: $(KB)  ## a report from the bundled example, or from VCF=path; pages go to build/report/
	@mkdir -p $(REPORT)
	@PYTHONPATH=src $(PYTHON) -m starling report $(VCF)
	@PYTHONPATH=src $(PYTHON) -m starling report $(VCF) --format html --output $(REPORT)/
	@set -- $(REPORT)/*.html; test $$# -eq 1 || set -- $(REPORT)/; echo "To print or to pass on: $$1"

node: $(STAMPS)/dev $(KB)  ## a device with synthetic patients, served on this machine until Ctrl-C (NODE=folder, PORT=number)
	@test -d $(NODE) || $(BIN)/starling node init $(NODE) --demo
	@exec $(BIN)/starling node run $(NODE) --port $(PORT)

test: lint types floors shape pytest  ## every check; tests skipped for missing data are counted last

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell
	$(BIN)/deptry src

types: setup
	$(BIN)/mypy

floors: setup
	$(BIN)/lint-imports

shape: setup
	$(BIN)/python tools/codestats.py src/starling workshop/src/starling_workshop --max-complexity 10 --max-file 500 --max-function 60 --no-cycles

# Includes the documentation tests and the bare wheel in an empty environment.  Two at a time, each file in one process,
# the longest first (tests/conftest.py); Ray starts processes of its own and runs alone.
# TRACED=yes: in the same pass, which lines and branches are reached; fails below the floor in pyproject.toml.
TRACED ?=
pytest: setup
	@rm -f .coverage .coverage.*
	$(if $(TRACED),COVERAGE_PROCESS_START=pyproject.toml) $(BIN)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder
	$(BIN)/python -m pytest -m ray tests/cohort
	$(if $(TRACED),@$(BIN)/coverage combine -q && $(BIN)/coverage report)

# Where a test tries a sample of what it tries here (tests/effort.py, tests/conftest.py).
SAMPLED := $(addprefix tests/,calling cohort engine exchange formats genotyping guidance knowledge library properties \
	report source node/test_fuzz.py node/pages/test_looks.py)
exhaustive: export HYPOTHESIS_PROFILE := search
exhaustive: setup  ## the full sets behind the sampled tests, and properties searched further (long)
	$(BIN)/python -m pytest -m exhaustive
	$(BIN)/python -m pytest $(SAMPLED)

coverage: TRACED := yes
coverage: pytest  ## the tests, traced: which lines and branches they reach; fails below the floor

bench: setup  ## CPU seconds as multiples of yardsticks measured in the same run
	$(BIN)/python bench/speed.py
	$(BIN)/python bench/trust.py

bench-node: setup  ## what questions to a node cost, and how long they wait while files and others load the machine
	$(BIN)/python bench/node.py

bench-cds: setup  ## what calls of an EHR (CDS Hooks) cost, and how long they wait
	$(BIN)/python bench/cds.py

train-warfarin: $(STAMPS)/train  ## the warfarin model from the data (IWPC=path), bit for bit; skipped without them
	@$(SAME) $(TRAIN)/bin/python -m starling_workshop.training.warfarin $(IWPC) src/starling/dosing/bundles/warfarin
	@$(PYTHON) hatch_build.py  # the program holds the model's digest

bench-warfarin: $(STAMPS)/train  ## every way of dosing warfarin on the same patients (IWPC=path)
	@$(SAME) $(TRAIN)/bin/python bench/warfarin.py $(IWPC)

release: setup  ## the kit that installs without a network: packages, extras with hashes, SBOM, checksums; build/release/
	$(BIN)/python tools/release.py

docs: setup  ## write the generated pages under docs/reference/
	$(BIN)/python tools/make_reference.py

lock:  ## pin the tools again (needs uv); no index address may be recorded
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
		--upgrade --custom-compile-command "make lock" --group build --output-file requirements/build.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
		--upgrade --custom-compile-command "make lock" --group dev --output-file requirements/dev.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
		--upgrade --custom-compile-command "make lock" --constraint requirements/dev.txt --all-extras \
		--output-file requirements/extras.txt pyproject.toml
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
		--custom-compile-command "make lock" --constraint requirements/extras.txt --extra node --extra hsm \
		--output-file requirements/node.txt pyproject.toml
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
		--upgrade --custom-compile-command "make lock" --extra train --no-emit-package starling-pgx --output-file requirements/train.txt workshop/pyproject.toml

clean:  ## remove everything that was made
	rm -rf $(VENV) build dist $(KB) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage htmlcov
	find src workshop tests tools bench -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true
