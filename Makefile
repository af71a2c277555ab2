# Needs make and Python 3.11 or newer; everything else is fetched into .venv. `make` alone lists what there is.

PORT ?= 8000
VAR ?= var
SEED ?= 1
SCALE ?= 1
PART ?=
PYTHON ?= python3 python3.14 python3.13 python3.12 python3.11 python

BIN := .venv/bin
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes
# What an operator would set; nothing is connected to.
LIKE_PRODUCTION := SECRET_KEY=only-for-make-check-0123456789-abcdefghijklmnopqrstuvwxyz HELPLINE_DEMO=0 \
	HELPLINE_PUBLIC_URL=https://helpline.example HELPLINE_HOSTS=helpline.example HELPLINE_TRUSTED_PROXIES=1 \
	HELPLINE_NOTIFIER_EMAIL=notices@example.org HELPLINE_KEYS_DIR=.venv/keys-for-check \
	DATABASE_URL=postgres://helpline@127.0.0.1:1/helpline REDIS_URL=redis://127.0.0.1:1/0

.DEFAULT_GOAL := help
.PHONY: help demo test check bench fault screenshots lock clean

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1:  /p' Makefile

demo: .venv/for-demo ## everything on this machine, with invented people and platforms (PORT=8000 VAR=var)
	@exec $(BIN)/python manage.py up --demo --port "$(PORT)" --var "$(VAR)"

test: .venv/for-development ## the whole test suite
	$(BIN)/python -m pytest -q -n 2 --dist worksteal

check: .venv/for-development ## lint, format, types, layers, migrations, deployment, templates, translations, image
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(LIKE_PRODUCTION) $(BIN)/mypy
	$(BIN)/lint-imports
	$(LIKE_PRODUCTION) $(BIN)/python -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run
	@$(LIKE_PRODUCTION) $(BIN)/python manage.py bootstrap --keys-only --noinput >/dev/null
	$(LIKE_PRODUCTION) $(BIN)/python manage.py check --deploy --fail-level WARNING
	$(LIKE_PRODUCTION) $(BIN)/python manage.py state_diagrams --check
	$(BIN)/hadolint Dockerfile
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml
	$(BIN)/djlint templates --lint
	$(BIN)/python -m tests.translations_complete

bench: .venv/for-development ## each benchmark beside its own limit; writes VAR/bench.json
	@exec $(BIN)/python -m tests.bench --var "$(VAR)"

fault: .venv/for-development ## what happens when things are killed, cut off and flooded (SEED=1 SCALE=1, half an hour; 10, an hour and a quarter; PART=broker, one alone)
	@exec $(BIN)/python -m tests.faults --var "$(VAR)" --seed "$(SEED)" --scale "$(SCALE)" $(PART)

screenshots: .venv/for-development ## every public page on phone and desk, in every language, light and dark (VAR/screenshots)
	@exec $(BIN)/python -m tests.screenshots --out "$(VAR)/screenshots"

lock: .venv/for-development ## bring requirements*.txt up to date with requirements*.in (asks the package index)
	for set in requirements requirements-demo requirements-dev; do \
	  $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
	    --no-header --no-emit-index-url $$set.in -o $$set.txt || exit 1; \
	done

clean: ## remove what can be made again; the data in VAR stays
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis staticfiles .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/made:
	@if $(BIN)/python -c '$(NEW_ENOUGH)' 2>/dev/null && $(BIN)/python -m pip --version >/dev/null 2>&1; then \
	  touch $@; exit; \
	fi; \
	for python in $(PYTHON); do \
	  if "$$python" -c '$(NEW_ENOUGH)' 2>/dev/null; then "$$python" -m venv .venv && touch $@; exit; fi; \
	done; \
	echo "This needs Python 3.11 or newer, and none of these is: $(PYTHON)." >&2; \
	echo "Install one, or name it: make PYTHON=/path/to/python3.12 ..." >&2; exit 1

.venv/for-demo: .venv/made requirements.txt requirements-demo.txt
	@echo "Installing what is needed; only the first time and after changes ..."
	@$(INSTALL) -r requirements.txt -r requirements-demo.txt
	@touch $@

.venv/for-development: .venv/made requirements.txt requirements-demo.txt requirements-dev.txt
	@echo "Installing what is needed; only the first time and after changes ..."
	@$(INSTALL) -r requirements.txt -r requirements-demo.txt -r requirements-dev.txt
	@touch $@ .venv/for-demo
