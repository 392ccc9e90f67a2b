PYTHON ?= python3
BIN := .venv/bin
QUICKLY := $(if $(QUICK),--quick)

# pytest compiles its tests anew at each start, and so does every server, where this is set.
export PYTHONDONTWRITEBYTECODE :=

WORKERS ?= 2
TRIES ?= 1
PYTEST := $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(if $(filter 2,$(TRIES)),--reruns 1 -rR)

.PHONY: help run check test test-slow lint bench bench-page bench-browser load font architecture recorder cluster

help: ## This list
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1|/p' Makefile | awk -F'|' '{ printf "  make %-14s %s\n", $$1, $$2 }'
	@echo "Each sets up .venv first; PYTHON=python3.12 chooses the Python (3.11 or newer)."
	@echo "With QUICK=1, bench, bench-page, bench-browser and load only show that they work."
	@echo "Tests run in WORKERS=2 processes; more finish sooner on a machine of more cores."

run: .venv/.run ## Serve the dashboard at http://localhost:8501
	$(BIN)/streamlit run dashboard.py

check: .venv/.dev lint ## Lint and the tests that need neither browser nor server: after every change
	$(PYTEST) -m "not (slow or browser or deploy or load)"

test: .venv/.dev lint ## Lint and all tests but the slow; installs Chromium and nginx as root on Debian, else Playwright's Chromium
	$(BIN)/python -m tests.browser.install
	$(BIN)/python -m tests.deploy.install
	$(PYTEST) -m "not slow"

test-slow: .venv/.dev ## The slow tests: claims over many seeds, every combination, every make target
	$(BIN)/python -m tests.browser.install
	$(BIN)/python -m tests.deploy.install
	$(PYTEST) -m slow

lint: .venv/.dev ## ruff, mypy, and Biome for JavaScript and CSS (Linux on x86-64)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	test ! -x $(BIN)/biome || $(BIN)/biome lint --error-on-warnings # its wheel is for Linux alone

bench: .venv/.bench ## Speed of the core beside PyTorch and scikit-learn, which it installs
	$(BIN)/python -m bench.training $(QUICKLY)

recorder: .venv/.bench ## Tests of the recorders with PyTorch, Keras and JAX, which it installs
	$(PYTEST) tests/recorder
	KERAS_BACKEND=jax $(PYTEST) tests/recorder/test_keras.py tests/recorder/test_folder.py

cluster: .venv/.cluster ## Tests of runs and sweeps on a Dask cluster, which it installs
	$(PYTEST) tests/core/engines tests/core/sweep

bench-page: .venv/.dev ## Python and bytes of the training page, for a lane, a visit and a change
	$(BIN)/python -m bench.page $(QUICKLY)

bench-browser: .venv/.dev ## Speed of the pages in a browser
	$(BIN)/python -m tests.browser.install
	$(BIN)/python -m bench.browser $(QUICKLY)

load: .venv/.dev ## Many viewers at once on this machine; one alone: .venv/bin/python -m bench.load soak
	$(BIN)/python -m tests.deploy.install
	$(BIN)/python -m bench.load class crowd fair audience lesson $(QUICKLY)
	$(BIN)/python -m bench.load soak $(or $(QUICKLY),--short)

font: .venv/.dev ## The Japanese glyphs that the texts need; takes Noto Sans CJK JP, installed
	$(BIN)/python -m tools.font

architecture: .venv/.dev ## The picture of the rooms in docs/architecture.md
	$(BIN)/python -m tools.architecture

.venv/.run: requirements.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet -r requirements.txt
	touch $@

.venv/.dev: requirements.txt requirements-dev.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet -r requirements.txt -r requirements-dev.txt
	touch $@ .venv/.run

.venv/.bench: requirements-bench.txt .venv/.dev
	$(BIN)/python -m pip install --quiet -r requirements-bench.txt
	touch $@

.venv/.cluster: requirements-cluster.txt .venv/.dev
	$(BIN)/python -m pip install --quiet -r requirements-cluster.txt
	touch $@
