# make run: serve on http://127.0.0.1:7860    make test: all tests    make setup: only the virtual environment
# make lint, make bench, make train-<model> DATA=<folder>

# Any python3 that is 3.11 or 3.12. Found by running it: some that are on the PATH only pretend to be there.
FITS := import sys; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12)))
PYTHON ?= $(shell for p in python3 python3.12 python3.11; do $$p -c '$(FITS)' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
# Bytecode is written as modules are first imported: for all that is installed, it would take longer than installing.
INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check --no-compile -c constraints.txt

.PHONY: run setup test lint bench clean

run: setup
	$(BIN)/python app.py

setup: .venv/app

.venv/app: requirements.txt constraints.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11 or 3.12 is needed, and neither was found."; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(INSTALL) -r requirements.txt
	@touch $@

.venv/dev: requirements-dev.txt .venv/app
	$(INSTALL) -r requirements-dev.txt
	@touch $@

# In two parts: beside browsers, which take all the cores there are, everything else would wait.
test: .venv/dev
	$(BIN)/python -m pytest --numprocesses 2 --dist worksteal --ignore tests/ui
	$(BIN)/python -m pytest --numprocesses 2 --dist worksteal tests/ui

lint: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright

bench: .venv/app
	$(BIN)/python -m benchmarks.masked_bytes
	$(BIN)/python -m benchmarks.image_classification
	$(BIN)/python -m benchmarks.optical_flow
	$(BIN)/python -m benchmarks.av_autoencoding
	$(BIN)/python -m benchmarks.fine_tuning
	$(BIN)/python -m benchmarks.text_generation
	$(BIN)/python -m benchmarks.embedded_writing

train-%: .venv/app
	@test -n "$(DATA)" || { echo "Say where the training data is: make $@ DATA=<folder>"; exit 1; }
	$(BIN)/python -m training.$* train --data $(DATA) $(ARGS)

clean:
	rm -rf .venv .pytest_cache .ruff_cache
