# What a person types. `make demo` and `make test` set up everything they need by themselves.

.DEFAULT_GOAL := help
.PHONY: help setup demo demo-all run test long chaos soak bench bench-quick bench-bodies check format screenshots clean

# Tests of pure rules keep a core busy; tests with a host mostly wait for timers, holds and processes.
CORES ?= 2
WORKERS ?= 4
BIN := .venv/bin
PORT ?= 7071

# The first Python on the PATH that the app's packages can be installed on.
FITTING := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 15))
ifeq ($(origin PYTHON),undefined)
PYTHON := $(shell for each in python3 python3.14 python3.13 python3.12 python3.11; do \
	command -v $$each >/dev/null 2>&1 && $$each -c '$(FITTING)' 2>/dev/null && echo $$each && break; done)
endif

help:
	@echo "make demo      hand in a proposal, approve it through the queue, let another one escalate"
	@echo "make demo-all  run every workflow on real input, in virtual time; print a timeline of each"
	@echo "make run       run the app on http://localhost:7071 until Ctrl-C, and catch its letters; PORT=8080 takes another port"
	@echo "make test      run the tests, with their own Azurites"
	@echo "make long      run the long tests: kill the host fifteen times, poll a thousand times, many more random examples"
	@echo "make chaos     make every storage call fail in every way, and kill host and workers; tables after three hours"
	@echo "make soak      an hour of virtual time, 3,000 workflows, sweeps, three kills; a table of all checks after half an hour"
	@echo "make bench     measure the local host against its storage alone and three other engines; about half an hour"
	@echo "make bench-quick  a fraction of it, in two minutes: local host and storage only"
	@echo "make bench-bodies time and memory for request bodies that are made to take much of both"
	@echo "make screenshots  make the pictures of the documents again, with Chromium"
	@echo "make check     ruff, mypy, import-linter, infra/ against the facts of Azure, the workflows of .github"
	@echo "make format    fix and format the code with ruff"
	@echo "make setup     only the set-up: .venv and node_modules"
	@echo "make clean     remove what the host and the tools left behind, local proposals too, but not the set-up"

setup:
ifeq ($(PYTHON),)
	@echo "setup: There is no Python 3.11, 3.12, 3.13 or 3.14 on the PATH, and azure-functions needs one of them. Install it," >&2
	@echo "       or say where it is: make setup PYTHON=/path/to/python3.12" >&2
	@exit 1
else
	@$(PYTHON) tools/setup.py
endif

demo: setup
	@$(BIN)/python examples/demo.py

demo-all: setup
	@$(BIN)/python examples/demo_all.py

run: setup
	@echo "Try this next, in another terminal:"
	@echo "  export GREENLIGHT_USER='Ines Carvalho' GREENLIGHT_URL=http://localhost:$(PORT)"
	@echo "  $(BIN)/greenlight submit --title 'Mill Stream footbridge' --policy footbridge-works --cost 148500 --attach examples/footbridge/design-proposal.md"
	@$(BIN)/python -m durable_devhost start --port $(PORT) --mail --page Inbox=/api/ui/inbox $(ARGS)

# Tests and demos start dozens of hosts: each would compile the whole app again without saved bytecode.
unexport PYTHONDONTWRITEBYTECODE

# The tests of these folders cover every branch of the deciding code; tracing the others would only slow them down.
COVERED := tests/approvals packages/devhost/tests/durable/entities packages/devhost/tests/durable/orchestrations

test: setup
	$(BIN)/python -m pytest -q -n $(CORES) --cov --cov-report=term-missing:skip-covered $(COVERED)
	$(BIN)/python -m pytest -q -n $(WORKERS) --dist loadfile --no-loadscope-reorder \
		$(COVERED:%=--ignore=%)

long: setup
	LONG=1 $(BIN)/python -m pytest -q -n $(WORKERS) --timeout 1200 --dist loadfile --no-loadscope-reorder \
		tests/approvals tests/crash tests/examples/test_demo.py tests/workflows tests/gateways/test_report_rows.py \
		$(addprefix packages/devhost/tests/,durable crash chaos edges outside)

# Only parts, with tables in a file: .venv/bin/python -m packages.devhost.tests.chaos --part kills --write FILE
chaos: setup
	@failed=0; for bench in packages.devhost.tests.chaos "packages.devhost.tests.chaos --storage-mode journal" tests.chaos; do \
		$(BIN)/python -m $$bench || failed=1; done; exit $$failed

# With another seed, or a shorter one: .venv/bin/python -m tests.soak --seed 2 --classics 200 --reviews 100
soak: setup
	@$(BIN)/python -m tests.soak

bench: setup
	$(BIN)/python -m packages.devhost.bench --mode journal --write docs/performance.md
	$(BIN)/python -m tools.bench_app --write docs/performance.md

bench-quick: setup
	$(BIN)/python -m packages.devhost.bench --quick --rounds 1 --no-peers
	$(BIN)/python -m tools.bench_app --quick --rounds 1

bench-bodies: setup
	$(BIN)/python tools/bench_bodies.py

FORMS := $(filter-out %/config.yml,$(wildcard .github/ISSUE_TEMPLATE/*.yml))

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python infra/check.py
	$(BIN)/zizmor --quiet --offline --persona pedantic .github
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.dependabot .github/dependabot.yml
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-issue-config .github/ISSUE_TEMPLATE/config.yml
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-issue-forms $(FORMS)

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

screenshots: setup
	@$(BIN)/python -m tools.screenshots

# Any Python will do. On a terminal it asks before proposals go; YES=1 answers.
clean:
	@$(or $(PYTHON),python3) tools/clean.py $(if $(filter 1 y yes,$(YES)),--yes)
