# Each target installs its prerequisites. Python 3.11 or later, pip and make are required.
PYTHON ?= python3
VENV ?= .venv
PY := $(VENV)/bin/python
EXTRAS ?= synthetic,teacher,emulator,alignment,dev
EXPERIMENT ?= digits_3
BOARD ?= emulated
# Files of tests run in several processes: the slow ones first, and those of one file in one process, for its fixtures.
TEST_PROCESSES := -n auto --maxprocesses=4 --dist loadfile --no-loadscope-reorder
CORE := $(wildcard firmware/core/*/*.c firmware/core/*/*.h) src/kwspipe/core/build.py setup.py

# If the machine has no C compiler, the one of the PyPI package ziglang builds the core.
ifeq ($(shell command -v cc || command -v gcc || command -v clang),)
COMPILER := $(CURDIR)/$(VENV)/bin/python -m ziglang cc
export CC := $(COMPILER)
export AR := $(CURDIR)/$(VENV)/bin/python -m ziglang ar
NEEDS_ZIG := toolchain
endif
comma := ,

.DEFAULT_GOAL := help
.PHONY: help setup demo test check bench firmware deploy clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/core $(VENV)/board-compiler  ## install all that the default stages need into .venv, and build the C core

demo: setup  ## train, test and deploy "one", "two", "three" on synthetic speech, without recordings
	$(PY) -m kwspipe +experiment=$(EXPERIMENT) dataset=synthetic name=demo train.epochs=8

firmware: setup  ## build the firmware: make firmware BOARD=brd2601
	$(MAKE) -C firmware BOARD=$(BOARD:emulated=brd2601) PYTHON=$(abspath $(PY))

deploy: setup  ## push a trained model: make deploy BOARD=brd2601 [EXPERIMENT=digits_3] [PORT=...]
	$(PY) -m kwspipe +experiment=$(EXPERIMENT) board=$(BOARD) stages=[deploy] $(if $(PORT),board.port=$(PORT))

test: setup  ## run the tests
	$(PY) -m pytest $(TEST_PROCESSES)

check: setup  ## lint, types and tests
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(PY) -m pytest $(TEST_PROCESSES)

bench: setup  ## measure speed and write runs/bench.json: make bench [ONLY=int8_inference_us]
	$(PY) scripts/bench.py $(addprefix --only ,$(ONLY))

clean:  ## remove the build products; runs and data stay
	rm -rf $(VENV) build firmware/build src/*.egg-info src/kwspipe/_core*

$(VENV)/installed: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "kwspipe needs Python 3.11 or later: make PYTHON=python3.11")'
	test -x $(PY) || $(PYTHON) -m venv $(VENV)
	$(if $(NEEDS_ZIG),$(PY) -m pip install --quiet -c constraints.txt ziglang)
	$(PY) -m pip install --quiet -c constraints.txt setuptools cffi
	$(PY) -m pip install --quiet -c constraints.txt --no-build-isolation -e '.[$(EXTRAS)]'
	touch $@

# The firmware of the boards is compiled on demand by arm-none-eabi-gcc if it is installed, otherwise by ziglang.
$(VENV)/board-compiler: $(VENV)/installed
	$(if $(shell command -v arm-none-eabi-gcc),,$(PY) -m pip install --quiet -c constraints.txt ziglang)
	touch $@

$(VENV)/core: $(VENV)/installed $(CORE)
	$(PY) setup.py --quiet build_ext --inplace
	touch $@
