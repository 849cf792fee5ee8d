# Each target is one line over the real command. Python 3.10 to 3.12 must be on the path.
PYTHON ?= python3
VENV ?= .venv
VARS ?=
NAME ?=

.PHONY: env all recipe test bench report clean

env: $(VENV)/.complete

$(VENV)/.complete: requirements/lock.txt
	$(PYTHON) -m venv $(VENV) && $(VENV)/bin/python -m pip install --quiet --requirement requirements/lock.txt && touch $@

all: env
	$(VENV)/bin/python -m spacy project run all . $(VARS)

recipe: env
	$(VENV)/bin/python -m scripts.recipe $(if $(NAME),$(NAME),$(error NAME=... is missing: python -m scripts.recipe lists the recipes)) -- $(VARS)

test: env
	$(VENV)/bin/python -m pytest

bench: env
	$(VENV)/bin/python -m spacy project run bench . $(VARS)
	$(VENV)/bin/python -m spacy project run bench-scoring . $(VARS)

report: env
	$(VENV)/bin/python -m spacy project run report . $(VARS)

clean:
	git clean -fdX -- corpus training packages project.lock
