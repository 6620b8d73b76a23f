# `make help` lists the targets. Everything installed goes into .venv, everything fetched into the user's cache.
SHELL := /bin/bash
VENV ?= .venv
PY := $(VENV)/bin/python
DATA ?= ../shared/data
URL ?= localhost:8000
WHEELS ?= wheels
FILES ?= 10000
PART ?= minor
# Long pages first, so that the short ones are on the screen at the end.
SAMPLES := $(addprefix samples/,table.png article.png receipt.png blank.png label.png street.jpg)
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)

.PHONY: help demo test image test-image lint format export serve accuracy bench bench-growth bench-gpu bench-gpu-wheels samples fuzz dist version docs overload chaos replicas archive balanced soak swap lock audit clean
.DEFAULT_GOAL := help

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: export ## start a real Triton, read samples/ through it, write demo/*.png with the boxes drawn in, stop
	$(PY) -m server --http-port 0 --grpc-port 0 --metrics-port 0 -- ocr read $(SAMPLES) --overlay demo

test: export $(VENV)/installed ## run every test against a real Triton (TESTS="tests/unit -k crops" narrows it)
	$(PY) -m pytest $(TESTS)

serve: export ## run a server until Ctrl-C; it prints how to call it
	$(PY) -m server

image: $(VENV)/demo ## build the production image (STANDIN=1: on a stand-in for NVIDIA's base, for tests)
	$(PY) -m tests.image.image $(if $(STANDIN),--stand-in)

test-image: $(VENV)/installed ## build the image, and run the tests of the server against a container of it
	$(PY) -m pytest tests/server tests/image --triton=image

chaos: export $(VENV)/installed ## kill and stop every process of a server under load, check every answer (OPTIONS="--kills 3 --image")
	$(PY) -m tests.reliability.chaos $(OPTIONS)

export: $(VENV)/demo ## fetch the default models, rewrite and verify them, write them into model_repository/
	$(PY) -m export

accuracy: $(VENV)/installed ## measure token F1 of the running server at URL on the labelled images in DATA
	$(PY) -m benchmarks.accuracy --url $(URL) $(DATA)

bench: export $(VENV)/installed ## compare the service with its models alone and with other engines, on the labelled images in DATA
	$(PY) -m benchmarks.baselines $(DATA)

replicas: export $(VENV)/installed ## three embedded servers under 16 clients, one killed, one added: is anything lost? (OPTIONS="--requests 100")
	$(PY) -m tests.reliability.replicas $(OPTIONS)

balanced: export $(VENV)/installed ## the same behind HAProxy as deploy/compose configures it, over HTTP and gRPC (OPTIONS="--requests 100")
	$(PY) -m tests.reliability.balanced $(OPTIONS)

archive: export $(VENV)/installed ## three Ray nodes read drawn pages, one is killed: is one lost, or twice there? (OPTIONS="--pages 200")
	$(PY) -m tests.reliability.archive $(OPTIONS)

overload: export $(VENV)/installed ## 64 clients at an embedded server: does it answer or refuse all in time? (OPTIONS="--seconds 600")
	$(PY) -m tests.reliability.overload $(OPTIONS)

soak: export $(VENV)/installed ## 20,000 images of mixed sizes to an embedded server: does memory stay flat? (OPTIONS="--requests 2000")
	$(PY) -m tests.reliability.soak $(OPTIONS)

swap: export $(VENV)/installed ## exchange versions of the models under load, check every answer (OPTIONS="--seconds 600")
	$(PY) -m tests.reliability.swap $(OPTIONS)

bench-growth: export $(VENV)/installed ## measure latency over pixels and lines of text, and throughput over clients
	$(PY) -m server --http-port 0 --grpc-port 0 --metrics-port 0 -- $(PY) -m benchmarks.latency.growth

bench-gpu-wheels: $(VENV)/installed ## fetch into WHEELS the packages that bench-gpu needs on a machine without a network
	$(PY) -m benchmarks.gpu.wheels fetch $(WHEELS)

bench-gpu: .venv-gpu/installed ## measure the profiles for GPUs and their upper bounds, with the packages in WHEELS (OPTIONS="--help" tells more)
	PIP_NO_INDEX=1 PIP_FIND_LINKS=$(abspath $(WHEELS)) .venv-gpu/bin/python -m benchmarks.gpu $(wildcard $(DATA)) $(OPTIONS)

samples: $(VENV)/installed ## draw the images in samples/ again
	$(PY) -m samples.draw

fuzz: export $(VENV)/installed ## send FILES damaged files, and bombs, to a real server, and print a table
	$(PY) -m server --http-port 0 --grpc-port 0 --metrics-port 0 -- $(PY) -m tests.reliability.fuzz --files $(FILES)

dist: .venv-release/installed ## build the client's wheel and sdist into dist/, and check them
	rm -rf dist
	.venv-release/bin/python -m build --no-isolation --outdir dist client
	.venv-release/bin/twine check --strict dist/*
	.venv-release/bin/check-wheel-contents dist/*.whl

version: .venv-release/installed ## raise the version everywhere, commit and tag it (PART=minor; see docs/releasing.md)
	.venv-release/bin/bump-my-version bump $(PART)

docs: .venv-docs/installed ## build the docs as a site, in site/, strictly: a dead link ends it
	NO_MKDOCS_2_WARNING=1 .venv-docs/bin/python -m mkdocs build --quiet --strict

lint: $(VENV)/installed ## run ruff, mypy --strict, hadolint, shellcheck
	ruff check . && ruff format --check . && mypy
	hadolint Dockerfile.triton tests/image/standin/Dockerfile && shellcheck server/*.sh requirements/*.sh .ci/run

format: $(VENV)/installed ## let ruff fix and format the code
	ruff check --fix . && ruff format .

clean: ## remove what make has made here, but not the user's cache
	rm -rf $(VENV) .venv-gpu .venv-docs .venv-release site dist demo .mypy_cache .pytest_cache .ruff_cache .hypothesis

lock: ## write requirements/ anew: the SHA-256 of every package in the versions of constraints.txt
	for name in demo make docs release export image uv; do bash requirements/lock.sh $$name || exit 1; done

audit: ## ask the registry for known faults of the packages in requirements/
	bash requirements/audit.sh

# What exports, serves and reads.
$(VENV)/demo: pyproject.toml client/pyproject.toml requirements/demo.txt
	@python=$$(bash server/find_python.sh) && "$$python" -m venv --clear $(VENV)
	@bash requirements/install.sh demo $(PY)
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e ./client -e .
	@touch $@

# What tests, benchmarks and lint need, too.
$(VENV)/installed: $(VENV)/demo requirements/make.txt
	@bash requirements/install.sh make $(PY)
	@touch $@

.venv-docs/installed: requirements/docs.txt
	@python=$$(bash server/find_python.sh) && "$$python" -m venv --clear .venv-docs
	@bash requirements/install.sh docs .venv-docs/bin/python
	@touch $@

.venv-release/installed: requirements/release.txt
	@python=$$(bash server/find_python.sh) && "$$python" -m venv --clear .venv-release
	@bash requirements/install.sh release .venv-release/bin/python
	@touch $@

.venv-gpu/installed: $(wildcard $(WHEELS)/requirements.txt)
	$${PYTHON:-python3} -m benchmarks.gpu.wheels install $(WHEELS) .venv-gpu
	@touch $@
