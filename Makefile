# The commands a person needs. `make notebooks` and `make test` set everything up on first use.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready
NOTEBOOKS := $(sort $(wildcard notebooks/[0-9]*.py))
# The longest first, so that no core waits at the end.
LONGEST := %/08_comparison.py %/06_textrnn.py %/07_inside_textrnn.py %/03_training_rnns.py %/04_slot_filling.py
IN_ORDER = $(foreach one,$(LONGEST),$(filter $(one),$(NOTEBOOKS))) $(filter-out $(LONGEST),$(NOTEBOOKS))
EXECUTED = $(patsubst notebooks/%.py,build/%.ipynb,$(IN_ORDER))
JOBS ?= 2
export TF_CPP_MIN_LOG_LEVEL ?= 2
export PYTHONHASHSEED ?= 0
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: help setup notebooks publish-notebooks executed lint bench bench-accuracy architecture font lock audit clean
.PHONY: check site test test-long test-all fuzz soak

help:  ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/'

setup: $(STAMP)  ## make .venv and install requirements.txt

$(STAMP): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v <= (3, 13) else f"textrnn needs Python 3.11 to 3.13, this is {v[0]}.{v[1]}: set PYTHON=python3.12, say")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

# Executed copies go to build/, at the same depth as notebooks/, so that `../models` means the same in both.
notebooks: $(STAMP)  ## run every notebook from top to bottom: read the results in build/; JOBS=2 at a time
	@begin=$$(date +%s); $(MAKE) --no-print-directory --jobs=$(JOBS) executed && \
	  printf 'all notebooks: %s s\n' $$(($$(date +%s) - begin))

# Two notebooks at a time on one core each: so small a network takes a third less processor time on one thread, and the
# sums come in the same order whatever the number of cores.
executed: export OMP_NUM_THREADS := 1
executed: export TF_NUM_INTRAOP_THREADS := 1
executed: export TF_NUM_INTEROP_THREADS := 1
executed: $(EXECUTED)

build/answers.md build/answers.zh.md: build/%: notebooks/%
	@mkdir -p build && cp $< $@

build/%.ipynb: notebooks/%.py build/answers.md build/answers.zh.md $(STAMP) FORCE
	@mkdir -p build; start=$$(date +%s); \
	  $(BIN)/python tools/editions.py execute $< 2> build/$*.log || { cat build/$*.log; exit 1; }; \
	  printf '%s: %s s\n' $@ $$(($$(date +%s) - start))

publish-notebooks: $(STAMP)  ## maintainers: write what is committed, notebooks/*.ipynb and the model that 06 trains
	$(MAKE) notebooks NOTEBOOKS='$(filter-out %/07_inside_textrnn.py %/09_saved_model.py,$(NOTEBOOKS))'
	$(if $(filter %/06_textrnn.py,$(NOTEBOOKS)),rm -rf models/headlines-textrnn && cp -R build/models/headlines-textrnn models/)
	$(MAKE) notebooks NOTEBOOKS='$(filter %/07_inside_textrnn.py %/09_saved_model.py,$(NOTEBOOKS))'
	cp $(EXECUTED) $(EXECUTED:.ipynb=.zh.ipynb) notebooks/

FORCE:

# Two processes, each with the tests of a file at a time, so that what a file's tests share is made once.
PYTEST := $(BIN)/python -m pytest -n $(JOBS) --dist loadfile

check: lint  ## lint, and the tests that take no time (about a minute)
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal -m 'not slow and not long and not soak'

test: $(STAMP)  ## run every test but the long ones (about five minutes)
	$(PYTEST) -m 'not long and not soak'

test-long: $(STAMP)  ## run what `make test` leaves out: many kills, benchmark scripts, trainings, the page in a browser
	$(PYTEST) -m 'long and not soak' $(PYTEST_ARGS)

test-all: test test-long  ## run every test

fuzz: $(STAMP)  ## try every door with 2,000 drawn inputs, lines of 100 MB and 10,000,000 rows (three minutes)
	TEXTRNN_FUZZ=1 $(BIN)/python -m pytest tests/test_fuzz.py -rsP --durations=40 --hypothesis-show-statistics

soak: $(STAMP)  ## long checks: many kills, training from a file of 5,000,000 rows (a quarter of an hour)
	TEXTRNN_SOAK=1 $(BIN)/python -m pytest tests/test_soak.py tests/test_resume.py -rP
	$(BIN)/python -m pytest -m soak

lint: $(STAMP)  ## check style and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

DATA ?= datasets/headlines
FIGURE ?=
bench: $(STAMP)  ## measure speed side by side; DATA=folder with train.tsv and dev.tsv, FIGURE=a PNG
	$(BIN)/python benchmarks/speed.py --train $(DATA)/train.tsv --dev $(DATA)/dev.tsv $(if $(FIGURE),--figure $(FIGURE))

bench-accuracy: $(STAMP)  ## score the embedded corpus and the classifiers; DATA as above
	$(BIN)/python benchmarks/corpus.py
	$(BIN)/python benchmarks/headlines.py --train $(DATA)/train.tsv --dev $(DATA)/dev.tsv --model majority
	$(BIN)/python benchmarks/headlines.py --train $(DATA)/train.tsv --dev $(DATA)/dev.tsv --model linear
	$(BIN)/python benchmarks/headlines.py --train $(DATA)/train.tsv --dev $(DATA)/dev.tsv --model textrnn

architecture: $(STAMP)  ## maintainers: draw the rooms of the package, docs/architecture.png, and write their table
	$(BIN)/python tools/house.py

site: $(VENV)/.site  ## build the site, plain HTML, into build/site: notebooks, READMEs, docs, API, the network as a page
	$(BIN)/python tools/build_site.py

$(VENV)/.site: $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[site]'
	@touch $@

font: $(STAMP)  ## maintainers: make the Chinese font of the package again (wants npm)
	$(BIN)/python tools/subset_font.py

lock: $(STAMP)  ## refresh requirements.txt from the ranges in pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest --no-header --no-annotate --no-emit-index-url \
	  --no-emit-find-links --extra train --extra notebooks --extra onnx --extra scale --extra serve --extra sweep --extra tables --extra dev --upgrade --output-file requirements.txt pyproject.toml
	printf -- '-e .\n' >> requirements.txt

audit: $(STAMP)  ## look up known vulnerabilities of the versions in requirements.txt
	@grep -v '^-e' requirements.txt > $(VENV)/audited.txt
	@$(BIN)/uv tool run --quiet --from 'pip-audit>=2.10,<3' pip-audit --requirement $(VENV)/audited.txt --no-deps --disable-pip \
	  --strict --progress-spinner off --vulnerability-service osv 2> $(VENV)/audit.log && cat $(VENV)/audit.log || { \
	  if grep -qE 'ConnectionError|Timeout|HTTPError' $(VENV)/audit.log; then \
	    echo 'audit: NOTHING WAS CHECKED: the database of vulnerabilities cannot be reached from here ($(VENV)/audit.log)'; \
	  else cat $(VENV)/audit.log; fi; exit 1; }

clean:  ## remove the environment and everything built
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis build dist
	find . -name __pycache__ -prune -exec rm -rf {} +
