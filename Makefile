# Every target does its own set-up; nothing but make and Python 3.11 or later is needed, and no root.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PAGE := src/sitewatch/web/static/index.html
NPM := $(shell command -v npm 2>/dev/null)

.DEFAULT_GOAL := help
.PHONY: help demo test lint format bench bench-run bench-scale accuracy study study-bounds study-calibration study-kill study-lines study-monitor study-naming study-optical study-optical-pair study-pairs study-phases study-registration study-tracks pictures lock clean web

help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "sitewatch needs Python 3.11 or later; $(PYTHON) is older. Try: make PYTHON=python3.12"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

demo: $(STAMP)  ## Simulate a coast, find what was built there, write the dossier
	$(BIN)/sitewatch demo --out demo

test: $(STAMP)  ## Run the tests (those in a browser need npm and chromium)
	@test -z "$(NPM)" || $(MAKE) --no-print-directory web || echo "The page can't be built: tests in a browser will not run." >&2
	$(BIN)/python -m pytest -n 2

web: $(PAGE)  ## Build the page of `sitewatch serve` (Node 20 and npm)

$(PAGE): $(shell find web -path web/node_modules -prune -o -type f -print)
	@command -v npm > /dev/null || { echo "make web needs Node 20 or later and npm (Debian: apt install npm)"; exit 1; }
	cd web && npm ci --no-audit --no-fund --loglevel=error && npm run build --silent
	@touch $@

lint: $(STAMP)  ## Check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(STAMP)  ## Put the code in the agreed style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(STAMP)  ## Measure speed
	$(BIN)/python -m pytest benchmarks --benchmark-only

bench-run: $(STAMP)  ## Time a whole run on 100 dates of 2000 x 2000 pixels beside reading them (4 GB of disk)
	$(BIN)/python benchmarks/bench_run.py --size 2000 --dates 100

bench-scale: $(STAMP)  ## Survey an area with one worker and two, kill one, and work out what large areas cost
	$(BIN)/python benchmarks/scale.py --rows 1024 --columns 2048 --images 24 --write docs/scale.md

accuracy: $(STAMP)  ## Measure accuracy on scenarios with known truth, beside three references (an hour or two)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[accuracy]'
	$(BIN)/python benchmarks/accuracy/study.py --seeds 1201 1230

study-bounds: $(STAMP)  ## Count the works that stand out at all: a bound on recall for any method
	$(BIN)/python benchmarks/bounds.py --seeds 1201 1230

study-calibration: $(STAMP)  ## Measure false alarms asked for beside those got, simulated and real
	$(BIN)/python benchmarks/calibration.py --sites 150 --figure docs/images/calibration.png

study-monitor: $(STAMP)  ## Measure the monitor's detection delay beside the CUSUM that knows both levels
	$(BIN)/python benchmarks/monitor_delay.py --figure docs/images/monitor-delay.png

study-naming: $(STAMP)  ## See under which name things that are not construction are turned down
	$(BIN)/python benchmarks/naming.py --seeds 1 5
	$(BIN)/python benchmarks/fixed_or_ship.py ../shared/data/turbine-vs-ship

study-optical: $(STAMP)  ## Measure false alarms, detection and dates of optical series on a real cube, beside COLD of pyxccd
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[accuracy]'
	$(BIN)/python benchmarks/optical.py --seeds 1 3 --figure docs/images/optical-romania.png

study-optical-pair: $(STAMP)  ## Measure the change map of two optical images on the Hong Kong pair
	$(BIN)/python benchmarks/optical_pair.py

study-pairs: $(STAMP)  ## Measure the change map of two images on the pairs of the literature
	$(BIN)/python benchmarks/change_pairs.py --sensitivity

study-lines: $(STAMP)  ## Measure lengths of piers and roads, whole and by date, on scenarios
	$(BIN)/python benchmarks/lines.py --seeds 601 606

study-phases: $(STAMP)  ## Measure the phases of construction on scenarios, by the official definitions of IARPA SMART
	$(BIN)/python benchmarks/phases.py --seeds 1001 1010

study-registration: $(STAMP)  ## Measure co-registration on simulated and real images moved by known amounts
	$(BIN)/python benchmarks/registration.py

study-kill: $(STAMP)  ## Kill 50 updates at random points; each course must end with the same bytes
	$(BIN)/python -m pytest -s -m study tests/test_update_killed.py

study-tracks: $(STAMP)  ## Measure what several tracks, and single images, say together
	$(BIN)/python benchmarks/tracks.py --seeds 1001 1024

study: $(STAMP)  ## Run the long measurements that make test leaves out
	$(BIN)/python -m pytest -m study

pictures: $(STAMP) $(PAGE)  ## Draw the pictures of the README anew
	$(BIN)/python docs/make_pictures.py docs/images

lock: $(STAMP)  ## Write the versions now installed to constraints.txt
	.ci/lock $(BIN)/python > constraints.txt.new
	mv constraints.txt.new constraints.txt

clean:  ## Remove what the targets above made
	rm -rf $(VENV) demo build dist web/node_modules src/sitewatch/web/static .pytest_cache .mypy_cache .ruff_cache .hypothesis .benchmarks
