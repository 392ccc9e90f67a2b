PYTHON ?= python3
BIN := .venv/bin

.PHONY: run test lint bench bench-browser load font architecture

run: .venv/.run
	$(BIN)/streamlit run dashboard.py

test: .venv/.dev lint
	$(BIN)/python -m tests.browser.install
	$(BIN)/python -m tests.deploy.install
	$(BIN)/python -m pytest -n 2 --dist worksteal

lint: .venv/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	test ! -x $(BIN)/biome || $(BIN)/biome lint --error-on-warnings # its wheel is for Linux alone

bench: .venv/.bench
	$(BIN)/python -m bench.training
	$(BIN)/python -m bench.page

bench-browser: .venv/.dev
	$(BIN)/python -m tests.browser.install
	$(BIN)/python -m bench.browser

load: .venv/.dev # one of them for longer: $(BIN)/python -m bench.load soak
	$(BIN)/python -m tests.deploy.install
	$(BIN)/python -m bench.load class crowd fair audience
	$(BIN)/python -m bench.load soak --short

font: .venv/.dev
	$(BIN)/python -m tools.font

architecture: .venv/.dev
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
