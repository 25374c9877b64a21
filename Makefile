# Two commands are all a newcomer needs: `make demo` and `make test`.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV   := .venv
BIN    := $(VENV)/bin
# The environment is current when it was installed from exactly these two files.
STAMP   = $(shell cat pyproject.toml constraints.txt | cksum)
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: help demo test check format install clean
help:
	@echo "make demo     install, verify every technique, train both sides briefly, show the result"
	@echo "make test     install, run every test"
	@echo "make check    install, formatting + lint + types"
	@echo "make format   rewrite the sources to the house format"
	@echo "make install  the environment alone (.venv)"

install:
	@if [ "$$(cat $(VENV)/installed-from 2>/dev/null)" = "$(STAMP)" ]; then exit 0; fi; \
	"$(PYTHON)" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null || \
	{ echo "crosscheck needs Python 3.11 to 3.13: '$(PYTHON)' is not one (make PYTHON=/path/to/python3.11 ...)" >&2; exit 1; }; \
	echo "Installing into $(VENV) (about 8 GB, a few minutes) ..."; \
	$(PYTHON) -m venv $(VENV) && $(BIN)/python -m pip install -q -c constraints.txt -e '.[dev,jax]' && \
	echo "$(STAMP)" > $(VENV)/installed-from

demo: install
	@$(BIN)/python scripts/demo.py

test: install
	@$(BIN)/python -m pytest

check: install
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy

format: install
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

clean:
	rm -rf $(VENV) demo build .mypy_cache .pytest_cache .ruff_cache
