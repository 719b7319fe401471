# Perigee: `make run` starts it, `make test` proves it. Each target installs what it misses.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help deps test-deps bench-deps build run test unit sanitize lint format bench fuzz docs clean

LIBRARIES := liblua5.4-dev libcurl4-openssl-dev libsqlite3-dev libssl-dev libcrypt-dev node-llhttp libwslay-dev zlib1g-dev
TEST_TOOLS := python3-venv openssl git curl nodejs bubblewrap
LINT_TOOLS := lua-check
BENCH_TOOLS := nginx libnginx-mod-http-lua wrk gcc libc6-dev python3
VENV := .venv
# Tests share the one loop of their process: side by side they would measure each other.
SWIFT_TEST := swift test --skip-build --disable-xctest --no-parallel
# One build directory for each kind of build, so that they do not throw away each other's work.
ADDRESS := --sanitize address --scratch-path .build/address
THREAD := --sanitize thread --scratch-path .build/thread

help:
	@echo "make run      build, start, and say what to try next (settings: make run PORT=8080)"
	@echo "make build    the release program, .build/release/perigee"
	@echo "make test     everything: style, tests, and those of memory and threads again under sanitizers"
	@echo "make lint     style and house rules only"
	@echo "make bench    the measurements of bench/RESULTS.md, side by side with nginx"
	@echo "make fuzz     hostile input by the million (RUNS=100000 for a short one)"

deps:
	@deploy/require-swift
	@deploy/require-packages $(LIBRARIES)

test-deps: deps
	@deploy/require-packages $(TEST_TOOLS)
	@deploy/require-venv $(VENV) Tests/requirements.txt
	@[ "$$(id -u)" -ne 0 ] || { Tests/docker-engine install && Tests/docker-rootless install; }

bench-deps: deps
	@deploy/require-packages $(BENCH_TOOLS)

build: deps
	swift build -c release --static-swift-stdlib --product perigee

run: build
	@exec .build/release/perigee serve

test: lint unit sanitize

unit: test-deps
	swift build --build-tests
	PERIGEE_TEST_PYTHON=$(abspath $(VENV))/bin/python $(SWIFT_TEST)

# Leaks are looked for in the program, as the tests start it; beds of tests may hold themselves.
LEAKS := ASAN_OPTIONS=detect_leaks=0 LSAN_OPTIONS=suppressions=$(abspath Tests/leaks.supp):print_suppressions=0

# Memory owned by hand and work that crosses threads are in the lower layers; above them the program as it serves, chats,
# runs, and stops. What else the product does has neither, and has been tested by `unit`.
SANITIZED := --filter 'LuaBridgeTests\.|RuntimeTests\.|HostTests\.(ServeTests|ChatDoorTests|ChatEndingTests|EngineTests|RunsLifeTests|RunFollowingTests|JobsLifeTests|ScriptServingTests|PassageFlowTests)/'

sanitize: test-deps
	swift build --build-tests $(ADDRESS)
	$(LEAKS) PERIGEE_TEST_PYTHON=$(abspath $(VENV))/bin/python $(SWIFT_TEST) $(SANITIZED) $(ADDRESS)
	swift build --build-tests $(THREAD)
	PERIGEE_TEST_PYTHON=$(abspath $(VENV))/bin/python $(SWIFT_TEST) $(SANITIZED) $(THREAD)

lint:
	@deploy/require-swift
	@deploy/require-packages $(LINT_TOOLS)
	swift format lint --strict --recursive --parallel Package.swift Sources Tests bench
	luacheck --quiet --no-color scripts
	@if command -v lua-language-server >/dev/null; then \
	  lua-language-server --check=scripts --configpath=$(CURDIR)/.luarc.json --checklevel=Warning; \
	else \
	  echo "perigee: types in scripts/ are not checked: lua-language-server is not on PATH (docs/scripts.md)"; \
	fi

format:
	swift format --in-place --recursive --parallel Package.swift Sources Tests bench

bench: bench-deps build
	for product in BenchServer BenchRelay BenchMicro; do \
	  swift build -c release --static-swift-stdlib --product $$product; done
	bench/run --start ".build/release/perigee serve" --start-path /healthz --write bench/RESULTS.md

fuzz: test-deps
	Tests/Fuzz/run $(or $(RUNS),10000000)

docs: build
	.build/release/perigee config --markdown > docs/configuration.md
	.build/release/perigee types scripts --docs

clean:
	rm -rf .build $(VENV)
