# Every command of the project. `make` alone lists them; the work is done by the programs in scripts/.
SHELL := /bin/bash
.DEFAULT_GOAL := help

.PHONY: help run test build setup lint format bench counts load scale soak load-peers docs fuzz sanitize-thread sanitize-address clean

help: ## list the commands
	@echo 'usage: make COMMAND'; echo
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)$$/\1|\2/p' Makefile | while IFS='|' read -r name text; do printf '  %-18s %s\n' "$$name" "$$text"; done

# PORT=9000 and other settings may follow `make run`: make hands them on in the environment.
run: ## install what is missing, build, serve http://127.0.0.1:8000 with an embedded database
	@scripts/bootstrap run
	@scripts/fetch-docs-assets || echo 'run: going on without the pages of /docs and /redoc'
	swift build -c release --static-swift-stdlib --product reactor
	@exec "$$(swift build -c release --static-swift-stdlib --show-bin-path)/reactor" serve

test: ## install what is missing, start a private PostgreSQL and Redis, run every test
	@scripts/bootstrap test
	@scripts/run-tests

build: ## build the release binary
	@scripts/bootstrap run
	swift build -c release --static-swift-stdlib --product reactor

setup: ## install everything that run, test, lint and bench need
	@scripts/bootstrap run test lint bench
	@scripts/fetch-docs-assets
	@scripts/python-tools

lint: ## formatting, layering, file sizes, scripts, commands named in the documents
	@scripts/bootstrap lint
	@scripts/lint

format: ## format the Swift sources in place
	swift format format --in-place --recursive --parallel Package.swift Sources Tests LoadTests

bench: ## CPU a request beside nginx, h2o and a C server; BENCH='--help' lists the options
	@scripts/bootstrap run bench
	@LoadTests/bench $(BENCH)

counts: ## enqueues, system calls and allocations a request, held against LoadTests/budgets; COUNTS='--help' lists the options
	@scripts/bootstrap run counts
	@LoadTests/counts --build $(COUNTS)

load: ## the API under load, with a report in LoadTests/reports; LOAD='-c 256 -d 30 -r 2000' and so on
	@scripts/bootstrap run
	@LoadTests/load-api $(LOAD)

load-peers: ## our server beside nginx, h2o, FastAPI and Hummingbird, by our load generator; LOAD_PEERS='--help' lists the options
	@scripts/bootstrap run bench
	@LoadTests/load-peers $(LOAD_PEERS)

scale: ## cost a request with 1 to 9,000 connections, with loops, processes, logins; idle memory; SCALE='--help' lists the options
	@scripts/bootstrap run bench
	@LoadTests/scale $(SCALE)

soak: ## the API under load for ten minutes on each database; fails where memory or descriptors grow; SOAK='--minutes 2' and so on
	@scripts/bootstrap run bench
	@LoadTests/soak $(SOAK)

docs: ## API documentation of Reactor and Actors in .build/docs
	@scripts/bootstrap run
	@scripts/docs

fuzz: ## the parser against llhttp on FUZZ_CASES (default 1,000,000) mutated requests with a new seed
	@scripts/bootstrap test
	@scripts/fuzz

sanitize-thread: ## the tests of Reactor and Actors under ThreadSanitizer; FILTER=regex picks some
	@scripts/bootstrap test
	@scripts/sanitize thread "$(FILTER)"

sanitize-address: ## the tests of Reactor and Actors under AddressSanitizer; FILTER=regex picks some
	@scripts/bootstrap test
	@scripts/sanitize address "$(FILTER)"

clean: ## remove everything that was built
	rm -rf .build .build-*
