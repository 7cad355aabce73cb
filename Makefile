# PAL. `make help` lists the targets; `make` is exactly what CI runs.
#
# A fresh machine needs python3.11 or newer with pip, make and a C toolchain.
# Everything else lands in .tools, .venv and .venvs, pinned by hash in requirements/.

MAKEFLAGS += --no-builtin-rules
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:

PYTHON ?= python3
UV := .tools/bin/uv
BIN := .venv/bin

export UV_PYTHON_DOWNLOADS := never
export UV_COMPILE_BYTECODE := 1
export UV_SYSTEM_CERTS := 1
export UV_NO_PROGRESS := 1
export PIP_ROOT_USER_ACTION := ignore
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# The folders that each environment imports our code from. SDKs stay out of .venv: that is a red line.
ROOTS := gen/python services adapters/host
ROOTS_llm_provider := gen/python services
ROOTS_agno := gen/python services adapters/host adapters/agno
ROOTS_pydantic-ai := gen/python services adapters/host adapters/pydantic-ai
ROOTS_openai-agents := gen/python services adapters/host adapters/openai-agents
ROOTS_langgraph := gen/python services adapters/host adapters/langgraph

VENVS := codegen llm_provider agno pydantic-ai openai-agents langgraph

.PHONY: all
all: gen-check lint type test ## what CI runs

.PHONY: help
help: ## list the targets
	@sed -nE 's/^([a-z][a-z0-9-]*):.*## (.*)/\1|\2/p' $(MAKEFILE_LIST) | sort | awk -F'|' '{printf "  %-14s %s\n", $$1, $$2}'

# --- set-up -----------------------------------------------------------------

.PHONY: setup
setup: .venv/.ready $(VENVS:%=.venvs/%/.ready) node_modules/.ready ## install everything (a second call does nothing)

.tools/.ready: requirements/uv.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "PAL needs Python 3.11 or newer and $(PYTHON) is $$($(PYTHON) --version 2>&1); name another: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -m pip --version >/dev/null 2>&1 || { \
	  echo "$(PYTHON) has no pip: install it (Debian: apt install python3-pip) and run make again" >&2; exit 1; }
	@rm -rf .tools
	$(PYTHON) -m pip install --quiet --no-deps --require-hashes --target .tools -r requirements/uv.txt
	@touch $@

define sync
	$(UV) venv --quiet --allow-existing --relocatable --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" $(@D)
	$(UV) pip sync --quiet --require-hashes --python $(@D)/bin/python $<
	@$(@D)/bin/python requirements/import_roots.py $(1)
endef

.venv/.ready: requirements/dev.txt requirements/pal.sh requirements/import_roots.py .tools/.ready
	$(call sync,$(ROOTS))
	@install -m 755 requirements/pal.sh $(BIN)/pal
	@touch $@

.venvs/%/.ready: requirements/%.txt requirements/import_roots.py .tools/.ready
	$(call sync,$(ROOTS_$*))
	@touch $@

.PRECIOUS: .venvs/%/.ready

# Node comes from npm as well, as old as it may be on the machine; .ready says that both halves fit.
NODE_AT_LEAST := 22.18
node_modules/.ready: package-lock.json package.json gen/ts/package.json $(wildcard adapters/*/package.json examples/clients/*/package.json)
	@if ! command -v npm >/dev/null; then \
	  echo "npm is not there: what is written in TypeScript is left out (install Node.js with npm to have it)" >&2; \
	else \
	  npm ci --ignore-scripts --loglevel=error && \
	  if PATH="$(CURDIR)/node_modules/.bin:$$PATH" node -e \
	    'process.exit("$(NODE_AT_LEAST)".localeCompare(process.versions.node, "en", { numeric: true }) > 0 ? 1 : 0)'; \
	  then touch $@; \
	  else echo "Node is too old: what is written in TypeScript is left out (install Node.js $(NODE_AT_LEAST) or newer)" >&2; fi; \
	fi

# The generators for Go come with the Go of the machine, and only who generates needs them.
GO_AT_LEAST := 1.24
.tools/go/.ready: gen/go/go.mod gen/go/go.sum .tools/.ready
	@if ! command -v go >/dev/null; then \
	  echo "Go is not there: gen/go is left as it is (install Go $(GO_AT_LEAST) or newer to generate it)" >&2; \
	elif GOBIN="$(CURDIR)/$(@D)" go -C gen/go install tool; then touch $@; \
	else echo "gen/go is left as it is (its generators need Go $(GO_AT_LEAST) or newer, and the modules in gen/go/go.sum)" >&2; fi

.PHONY: agentos
agentos: .venvs/agentos/.ready
.venvs/agentos/.ready: requirements/bench-agentos.txt requirements/import_roots.py .tools/.ready
	$(call sync,)
	@touch $@

.PHONY: s3-peer
s3-peer: .venvs/s3-peer/.ready
.venvs/s3-peer/.ready: requirements/s3-peer.txt requirements/import_roots.py .tools/.ready
	$(call sync,)
	@touch $@

COMPILE := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes \
  --no-emit-index-url --no-annotate --no-header

# LangGraph brings langsmith, which takes an older uuid-utils than the rest of the mesh agrees on.
.PHONY: lock
lock: .tools/.ready ## resolve requirements/*.in again (UPGRADE=1 takes newer versions)
	$(COMPILE) $(if $(UPGRADE),--upgrade) requirements/uv.in -o requirements/uv.txt
	$(COMPILE) $(if $(UPGRADE),--upgrade) requirements/rpc.in -o requirements/rpc.txt
	for name in dev llm_provider agno pydantic-ai openai-agents; do \
	  $(COMPILE) $(if $(UPGRADE),--upgrade) --constraints requirements/rpc.txt requirements/$$name.in -o requirements/$$name.txt; \
	done
	sed '/^uuid-utils==/,/[^\\]$$/d' requirements/rpc.txt > .tools/rpc-langgraph.txt
	$(COMPILE) $(if $(UPGRADE),--upgrade) --constraints .tools/rpc-langgraph.txt requirements/langgraph.in -o requirements/langgraph.txt
	for name in codegen bench-agentos s3-peer; do \
	  $(COMPILE) $(if $(UPGRADE),--upgrade) requirements/$$name.in -o requirements/$$name.txt; \
	done

# What npm adds about who pays for a package is no part of a lock.
.PHONY: lock-ts
lock-ts: ## resolve package-lock.json again
	npm install --package-lock-only --ignore-scripts --loglevel=error
	@$(PYTHON) -c 'import json, pathlib; path = pathlib.Path("package-lock.json"); lock = json.loads(path.read_text()); \
	  [package.pop("funding", None) for package in lock["packages"].values()]; \
	  path.write_text(json.dumps(lock, indent=2, ensure_ascii=False) + "\n")'

# --- contracts --------------------------------------------------------------

TOOLS := .venv/.ready .venvs/codegen/.ready node_modules/.ready .tools/go/.ready

# The stub plugin also writes a stub for files without a service, whose module does not exist.
define generate
mkdir -p .build; out=$$(mktemp -d .build/gen.XXXXXX); trap 'rm -rf "$$out"' EXIT; \
PATH="$(CURDIR)/.venvs/codegen/bin:$$PATH" $(BIN)/buf generate --template gen/buf.gen.yaml --output "$$out"; \
for stub in $$(find "$$out" -name '*_pb2_grpc.pyi'); do test -e "$${stub%i}" || rm "$$stub"; done; \
generated=gen/python; \
$(generate_ts); \
$(generate_go)
endef

# TypeScript has no package of the errors that gRPC calls rich, so they are generated from what the Python package ships.
define generate_ts
if test -e node_modules/.ready; then \
  mkdir -p "$$out/rpc/google/rpc"; \
  cp .venv/lib/python3*/site-packages/google/rpc/{status,error_details}.proto "$$out/rpc/google/rpc"; \
  for input in proto "$$out/rpc"; do \
    PATH="$(CURDIR)/node_modules/.bin:$$PATH" $(BIN)/buf generate "$$input" --template gen/buf.gen.ts.yaml --output "$$out"; \
  done; \
  generated="$$generated gen/ts/pal gen/ts/google"; \
else echo "without npm gen/ts is neither written nor checked" >&2; fi
endef

define generate_go
if test -e .tools/go/.ready; then \
  PATH="$(CURDIR)/.tools/go:$$PATH" $(BIN)/buf generate --template gen/buf.gen.go.yaml --output "$$out"; \
  generated="$$generated gen/go/pal"; \
else echo "without Go gen/go is neither written nor checked" >&2; fi
endef

# Replacing a folder at the end keeps it importable for whoever runs beside us.
.PHONY: gen
gen: $(TOOLS) ## generate gen/ from proto/
	@$(generate); \
	for part in $$generated; do \
	  diff -rq -x __pycache__ "$$out/$$part" $$part >/dev/null 2>&1 || { rm -rf $$part; mv "$$out/$$part" $$part; }; \
	done

.PHONY: gen-check
gen-check: $(TOOLS) ## fail when gen/ is not what proto/ gives
	@$(generate); \
	for part in $$generated; do \
	  diff -rq -x __pycache__ "$$out/$$part" $$part || { \
	    echo "$$part is stale: run make gen and commit the result" >&2; exit 1; }; \
	done

.PHONY: breaking
breaking: .venv/.ready ## fail when a published contract changed in a way that breaks readers
	@$(BIN)/buf breaking --against proto/released.binpb

.PHONY: release-image
release-image: .venv/.ready ## make the current proto/ the published contract
	$(BIN)/buf build --output proto/released.binpb

# --- checks -----------------------------------------------------------------

PY := services adapters tests examples requirements gen/plugins
SOURCES = $(wildcard $(PY))

TYPESCRIPT := adapters/*/{src,test} examples/clients/typescript gen/ts/grpc.* tests/bench/adapters/*.ts
prettier = test ! -e node_modules/.ready || PATH="$(CURDIR)/node_modules/.bin:$$PATH" prettier $(1) $(TYPESCRIPT)

.PHONY: lint
lint: .venv/.ready breaking ## style, layers, contracts
	@$(BIN)/buf lint
	@$(BIN)/ruff check --quiet $(SOURCES)
	@$(BIN)/ruff format --check --quiet $(SOURCES) || { echo "not formatted: run make fmt" >&2; exit 1; }
	@$(call prettier,--check --log-level=warn) || { echo "not formatted: run make fmt" >&2; exit 1; }
	@PYTHONPATH=adapters/agno:adapters/pydantic-ai:adapters/openai-agents:adapters/langgraph $(BIN)/lint-imports --no-cache

.PHONY: fmt
fmt: .venv/.ready ## format and apply safe fixes
	@$(BIN)/ruff check --fix --quiet $(SOURCES) || true
	@$(BIN)/ruff format --quiet $(SOURCES)
	@$(BIN)/buf format --write
	@$(call prettier,--write --log-level=warn)

MYPY := $(BIN)/mypy --no-error-summary

.PHONY: type type-mesh type-llm_provider type-agno type-pydantic-ai type-openai-agents type-langgraph
type: type-mesh type-llm_provider type-agno type-pydantic-ai type-openai-agents type-langgraph type-ts ## mypy --strict, and tsc
type-mesh: setup
	@$(MYPY) services adapters/host --exclude '^services/pal_llm_provider/'

# What uses an SDK is checked in the environment that has it, with a cache of its own.
type-llm_provider: CHECKED := services/pal_llm_provider
type-agno: CHECKED := adapters/agno/pal_agno
type-pydantic-ai: CHECKED := adapters/pydantic-ai/pal_pydantic_ai
type-openai-agents: CHECKED := adapters/openai-agents/pal_openai_agents
type-langgraph: CHECKED := adapters/langgraph/pal_langgraph
type-llm_provider type-agno type-pydantic-ai type-openai-agents type-langgraph: type-%: setup
	@$(MYPY) --python-executable .venvs/$*/bin/python --cache-dir .mypy_cache/$* $(CHECKED)

.PHONY: type-ts
type-ts: setup
	@if test -e node_modules/.ready; then node_modules/.bin/tsc; else echo "without npm TypeScript is not checked" >&2; fi

# Files of tests side by side, as many as keep two cores busy: what a file shares is started once.
SIDE_BY_SIDE := -n 3 --dist loadfile

.PHONY: test
test: setup ## the default tests
	@$(BIN)/pytest -q $(SIDE_BY_SIDE)

.PHONY: test-all
test-all: setup s3-peer crash-drill ## the default tests, the slow ones and the drills
	@$(BIN)/pytest -q -m "" $(SIDE_BY_SIDE)

ROUNDS ?= 200
SEED ?= 1

.PHONY: crash-drill
crash-drill: setup ## kill -9 of every process under load: make crash-drill ROUNDS=20 SEED=7
	@PYTHONPATH=.:gen/python:services:adapters/host $(BIN)/python -m tests.drills.crash --rounds $(ROUNDS) --seed $(SEED)

.PHONY: verdicts
verdicts: setup ## hold what is claimed of verdicts against real runs, and write docs/verdicts.md
	@PYTHONPATH=.:gen/python:services:adapters/host $(BIN)/python -m tests.verdicts

.PHONY: drills
drills: setup ## a short round of each drill, and what the documentation shows
	@$(MAKE) --no-print-directory crash-drill ROUNDS=5
	@$(BIN)/pytest -q -m "drill and not slow" $(SIDE_BY_SIDE)

.PHONY: e2e
e2e: setup ## a whole mesh in processes of its own
	@$(BIN)/pytest -q -m "" tests/e2e

.PHONY: e2e-postgres
e2e-postgres: setup ## the same, with record and documents in PostgreSQL
	@PAL_TEST_STORE=postgres $(BIN)/pytest -q -m "" tests/e2e

.PHONY: golden
golden: setup ## rewrite the goldens, then review the diff
	@PAL_GOLDEN=write $(BIN)/pytest -q -m "" tests/contract/contracts

.PHONY: declarations
declarations: setup ## measure every runtime and write what its adapter declares, then review the diff
	@for file in adapters/*/declaration.json adapters/*/pal_*/declaration.json; do \
	  name=$$(cut -d/ -f2 <<<"$$file"); \
	  if test $$name = ai-sdk && ! test -e node_modules/.ready; then echo "without npm ai-sdk is not measured" >&2; continue; fi; \
	  $(BIN)/pal conformance --runtime $$name --declare $$file; \
	done

.PHONY: bench
bench: setup agentos ## measure; one script: make bench BENCH=tests/bench/bench_recorder.py
	@for script in $(or $(BENCH),$(wildcard tests/bench/bench_*.py)); do echo "== $$script"; $(BIN)/python $$script; done

# --- running ----------------------------------------------------------------

.PHONY: demo
demo: setup ## one agent on every runtime, from nothing to a comparison
	@$(BIN)/pal demo

.PHONY: gameday
gameday: setup ## shadow, verdict, a rollout that meets a regression and goes back by itself, a certificate
	@$(BIN)/pal gameday tour

.PHONY: dev
dev: setup ## start a whole mesh on loopback
	@$(BIN)/pal up

.PHONY: clean
clean: ## remove everything that setup and the tools made (locks stay)
	rm -rf .venv .venvs .tools node_modules .build .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find services adapters tests examples gen requirements -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true
