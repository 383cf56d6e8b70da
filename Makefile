# Everything one types to run and develop the system; `make help` lists it.

.DEFAULT_GOAL := help
.SUFFIXES:
MAKEFLAGS += --no-print-directory

# Python 3.11 makes the virtual environment; from then on only .venv/bin/python is used.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
PY := .venv/bin/python
UV_VERSION := 0.13.9
WORKERS ?= 2
GROUPS := chassis identity ledger payments correspondence gateway deploy dev

# Bytecode is kept: every process of the system starts in half the time.
export PYTHONDONTWRITEBYTECODE :=

# Kinds of tests (see the markers in pyproject.toml): fast ones need no server, measurements are no tests.
FAST := not system and not browser and not faults and not bench and not outside
PYTEST := $(PY) -m pytest -n $(WORKERS) --dist loadgroup

.PHONY: help
help: ## List these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: install
install: .venv/.installed ## Install what requirements.lock names into .venv

.venv/.installed: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' \
		|| { echo "Python 3.11 is needed; found: $(PYTHON). Name another one: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@test -x $(PY) || $(PYTHON) -m venv .venv \
		|| { echo "python3 -m venv failed: on Debian, apt-get install python3-venv" >&2; exit 1; }
	@test -x .venv/bin/uv || $(PY) -m ensurepip --upgrade >/dev/null
	@test -x .venv/bin/uv || $(PY) -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@echo "installing what requirements.lock names into .venv (the first time about a minute) ..."
	@.venv/bin/uv pip sync --quiet --compile-bytecode --python $(PY) --require-hashes requirements.lock
	@touch $@

.PHONY: demo
demo: install ## Run the whole system in the foreground, with the demo company; Ctrl-C stops it
	@$(PY) -m deploy.local demo

.PHONY: up
up: install ## The same in the background; returns when all is ready
	@$(PY) -m deploy.local up

.PHONY: down
down: install ## Stop what `make up` started
	@$(PY) -m deploy.local down

.PHONY: status
status: install ## Say what runs, and where (in scripts: python -m deploy.local status, 1 when not all is ready)
	@$(PY) -m deploy.local status || true

.PHONY: pages
pages: install ## Build the portal's styles, scripts and fonts (only when their sources changed)
	@$(PY) -m services.gateway.build

.PHONY: check
check: pages ## Format, lint, types, architecture, schemas and the fast tests
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy
	.venv/bin/lint-imports
	$(PY) -m libs.events --check
	$(PYTEST) -m "$(FAST)"

.PHONY: test
test: pages chromium judges ## Every test but measurements and the browser's matrix, on a real Kafka, PostgreSQL and browser
	$(PYTEST) --durations 20 -m "not bench and not matrix and not outside"

.PHONY: test-fast
test-fast: install ## The tests that need no server
	$(PYTEST) -m "$(FAST)"

.PHONY: browser
browser: pages chromium judges ## What `make test` leaves out: every page in every mode of contrast, text size and width
	$(PY) -m pytest -m matrix tests/browser

.PHONY: lighthouse
lighthouse: pages chromium judges ## Lighthouse's verdict on the main pages, as a telephone would see them
	$(PY) -m tests.browser.lighthouse

.PHONY: looks
looks: pages chromium ## Pictures of every page, state and panel in the modes that matter, into var/looks: to be looked at
	$(PY) -m tests.browser.pictures

.PHONY: judges
judges: install
	@$(PY) -m tests.browser.judges

VERSITYGW := github.com/versity/versitygw/cmd/versitygw@v1.8.0

.PHONY: outside
outside: install ## The file store and the virus scanner against a real S3 server (built with Go) and the real clamd
	@mkdir -p var/outside; test -x var/outside/versitygw || GOBIN=$(CURDIR)/var/outside go install $(VERSITYGW)
	@test -x /usr/sbin/clamd || { apt-get update -qq && apt-get install -y -qq --no-install-recommends clamav-daemon >/dev/null; }
	IOK_TEST_VERSITYGW=$(CURDIR)/var/outside/versitygw $(PY) -m pytest -m outside

.PHONY: guide
guide: pages chromium ## Take the pictures and the film of the portal's guide, and README's picture, anew
	@test -e /usr/lib/chromium/locales/pl.pak || apt-get install -y -qq --no-install-recommends chromium-l10n >/dev/null \
		|| echo "without chromium-l10n the browser's own words on the pictures are English" >&2
	$(PY) -m deploy.guide

.PHONY: chromium
chromium:
	@command -v chromium >/dev/null && exit; \
	sudo=$$(test "$$(id -u)" = 0 || command -v sudo); \
	if command -v apt-get >/dev/null && { test "$$(id -u)" = 0 || test -n "$$sudo"; }; then \
		$$sudo apt-get update -qq && $$sudo apt-get install -y -qq --no-install-recommends chromium >/dev/null; \
	else echo "the browser tests need chromium, and apt-get cannot install it here: install it yourself" >&2; exit 1; fi

.PHONY: fmt
fmt: install ## Format the code and mend what the linter can mend
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .

.PHONY: lock
lock: install ## Solve the dependencies of pyproject.toml again into requirements.lock
	.venv/bin/uv pip compile pyproject.toml $(GROUPS:%=--group %) --generate-hashes --no-emit-index-url \
		--no-emit-find-links --python-version 3.11 --custom-compile-command "make lock" -o requirements.lock --quiet

SEEDS ?= 10000

.PHONY: simulate
simulate: install ## The seeded simulation of the real decide and fold: make simulate SEEDS=10000
	@$(PY) -m tests.simulation --seeds $(SEEDS) --jobs $(WORKERS)

BENCH ?=

DRILLS := ledger-lost kafka-lost both-lost restore

.PHONY: drill
drill: install ## List the drills; run one by `make drill-ledger-lost` and so on
	@$(PY) -m tests.drills

.PHONY: $(DRILLS:%=drill-%)
$(DRILLS:%=drill-%): drill-%: pages
	@$(PY) -m tests.drills $*

MINUTES ?= 10
FAULTS_SEED := $(if $(SEED),--seed $(SEED))

.PHONY: faults
faults: pages faketime ## The fault campaign on a system of its own: make faults MINUTES=10 SEED=7
	@$(PY) -m tests.faults --minutes $(MINUTES) $(FAULTS_SEED)

.PHONY: faketime
faketime:
	@ls /usr/lib/*/faketime/libfaketimeMT.so.1 >/dev/null 2>&1 && exit; \
	if command -v apt-get >/dev/null && test "$$(id -u)" = 0; then \
		apt-get update -qq && apt-get install -y -qq --no-install-recommends libfaketime >/dev/null; \
	else echo "without libfaketime the campaign moves no clock" >&2; fi

.PHONY: bench
bench: pages ## Measure every figure of docs/performance.md: make bench BENCH="--only P4,P9"; --help lists the options
	@$(PY) -m tests.bench $(BENCH)
