# make run: serve on http://127.0.0.1:7860    make test: all tests    make test-fast: those that need no browser or cluster and little time
# make run-streamlit: the Streamlit front end on http://127.0.0.1:8501
# make space SPACE=<user>/<name>: the folder of a Hugging Face Space, checked    make verify-published: original models
# make setup: only the virtual environment    make lint    make bench    make train-<model> DATA=<folder>

# Any python3 that is 3.11 or 3.12. Run to find out: some on the PATH are only shims.
FITS := import sys; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12)))
PYTHON ?= $(shell for p in python3 python3.12 python3.11; do $$p -c '$(FITS)' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
# Bytecode is written when a module is first imported: compiling everything takes longer than installing it. Some
# containers forbid that for all Python programs; every process would then compile torch and transformers again.
unexport PYTHONDONTWRITEBYTECODE
INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check --no-compile -c constraints.txt

.PHONY: run run-streamlit setup test test-fast lint bench space verify-published clean

run: setup
	$(BIN)/python app.py

run-streamlit: .venv/streamlit
	$(BIN)/streamlit run streamlit_app.py

setup: .venv/app

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or 3.12 is required, and neither was found."; exit 1; }
	$(PYTHON) -m venv .venv

.venv/app: requirements.txt constraints.txt | $(BIN)/python
	$(INSTALL) -r requirements.txt
	@touch $@

.venv/streamlit: requirements-streamlit.txt .venv/app
	$(INSTALL) -r requirements-streamlit.txt
	@touch $@

# All at once: each run of pip checks everything that is already there.
.venv/dev: requirements-dev.txt requirements-ray.txt requirements-streamlit.txt requirements.txt constraints.txt | $(BIN)/python
	$(INSTALL) -r requirements-dev.txt
	@touch .venv/app .venv/streamlit $@

# In two parts: most tests are fast. Of the others, a file stays in one process, which loads the models of its page once.
# Browsers wait as long as they compute, so that there is room for a third process.
LONG := tests/cluster tests/long tests/training tests/ui

test: test-fast
	$(BIN)/python -m pytest --numprocesses 3 --dist loadfile $(LONG)

test-fast: .venv/dev
	$(BIN)/python -m pytest --numprocesses 2 --dist worksteal $(LONG:%=--ignore %)

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

space: .venv/app
	@test -n "$(SPACE)" || { echo "Set the id of the Space: make space SPACE=<user>/<name>"; exit 1; }
	$(BIN)/python -m serving.space $(SPACE)

verify-published: .venv/app
	$(BIN)/python -m tools.verify_published $(ARGS)

train-%: .venv/app
	@test -n "$(DATA)" || { echo "Set the folder of the training data: make $@ DATA=<folder>"; exit 1; }
	$(BIN)/python -m training.$* train --data $(DATA) $(ARGS)

clean:
	rm -rf .venv .pytest_cache .ruff_cache
