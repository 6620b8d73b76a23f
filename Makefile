# `make help` lists the targets. Everything installed goes into .venv, everything fetched into the user's cache.
SHELL := /bin/bash
VENV ?= .venv
PY := $(VENV)/bin/python
DATA ?= ../shared/data
URL ?= localhost:8000
WHEELS ?= wheels
FILES ?= 10000
# Long pages first, so that the short ones are on the screen at the end.
SAMPLES := $(addprefix samples/,table.png article.png receipt.png blank.png label.png street.jpg)
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)

.PHONY: help demo test image test-image lint format export serve accuracy bench bench-growth bench-gpu bench-gpu-wheels samples fuzz overload chaos replicas soak swap lock archive audit clean
.DEFAULT_GOAL := help

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: export ## start a real Triton, read samples/ through it, write demo/*.png with the boxes drawn in, stop
	$(PY) -m server --http-port 0 --grpc-port 0 --metrics-port 0 -- ocr read $(SAMPLES) --overlay demo

test: export ## run every test against a real Triton (TESTS="tests/unit -k crops" narrows it)
	$(PY) -m pytest $(TESTS)

serve: export ## run a server until Ctrl-C; it prints how to call it
	$(PY) -m server

image: $(VENV)/installed ## build the production image (STANDIN=1: on a stand-in for NVIDIA's base, for tests)
	$(PY) -m tests.image.image $(if $(STANDIN),--stand-in)

test-image: $(VENV)/installed ## build the image, and run the tests of the server against a container of it
	$(PY) -m pytest tests/server tests/image --triton=image

chaos: export ## kill and stop every process of a server under load, check every answer (OPTIONS="--kills 3 --image")
	$(PY) -m tests.reliability.chaos $(OPTIONS)

export: $(VENV)/installed ## fetch the default models, rewrite and verify them, write them into model_repository/
	$(PY) -m export

accuracy: $(VENV)/installed ## measure token F1 of the running server at URL on the labelled images in DATA
	$(PY) -m benchmarks.accuracy --url $(URL) $(DATA)

bench: export ## compare the service with its models alone and with other engines, on the labelled images in DATA
	$(PY) -m benchmarks.baselines $(DATA)

replicas: export ## three embedded servers under 16 clients, one killed, one added: is anything lost? (OPTIONS="--requests 100")
	$(PY) -m tests.reliability.replicas $(OPTIONS)

archive: export ## three Ray nodes read drawn pages, one is killed: is one lost, or twice there? (OPTIONS="--pages 200")
	$(PY) -m tests.reliability.archive $(OPTIONS)

overload: export ## 64 clients at an embedded server: does it answer or refuse all in time? (OPTIONS="--seconds 600")
	$(PY) -m tests.reliability.overload $(OPTIONS)

soak: export ## 20,000 images of mixed sizes to an embedded server: does memory stay flat? (OPTIONS="--requests 2000")
	$(PY) -m tests.reliability.soak $(OPTIONS)

swap: export ## exchange versions of the models under load, check every answer (OPTIONS="--seconds 600")
	$(PY) -m tests.reliability.swap $(OPTIONS)

bench-growth: export ## measure latency over pixels and lines of text, and throughput over clients
	$(PY) -m server --http-port 0 --grpc-port 0 --metrics-port 0 -- $(PY) -m benchmarks.latency.growth

bench-gpu-wheels: $(VENV)/installed ## fetch into WHEELS the packages that bench-gpu needs on a machine without a network
	$(PY) -m benchmarks.gpu.wheels fetch $(WHEELS)

bench-gpu: .venv-gpu/installed ## measure the profiles for GPUs and their upper bounds, with the packages in WHEELS (OPTIONS="--help" tells more)
	PIP_NO_INDEX=1 PIP_FIND_LINKS=$(abspath $(WHEELS)) .venv-gpu/bin/python -m benchmarks.gpu $(wildcard $(DATA)) $(OPTIONS)

samples: $(VENV)/installed ## draw the images in samples/ again
	$(PY) -m samples.draw

fuzz: export ## send FILES damaged files, and bombs, to a real server, and print a table
	$(PY) -m server --http-port 0 --grpc-port 0 --metrics-port 0 -- $(PY) -m tests.reliability.fuzz --files $(FILES)

lint: $(VENV)/installed ## run ruff, mypy --strict, hadolint, shellcheck
	ruff check . && ruff format --check . && mypy
	hadolint Dockerfile.triton tests/image/standin/Dockerfile && shellcheck server/find_python.sh requirements/*.sh .ci/run

format: $(VENV)/installed ## let ruff fix and format the code
	ruff check --fix . && ruff format .

clean: ## remove what make has made here, but not the user's cache
	rm -rf $(VENV) .venv-gpu demo .mypy_cache .pytest_cache .ruff_cache .hypothesis

lock: ## write requirements/ anew: the SHA-256 of every package in the versions of constraints.txt
	for name in make export image; do bash requirements/lock.sh $$name || exit 1; done

audit: ## ask the registry for known faults of the packages in requirements/
	bash requirements/audit.sh

$(VENV)/installed: pyproject.toml client/pyproject.toml requirements/make.txt
	python=$$(bash server/find_python.sh) && "$$python" -m venv --clear $(VENV)
	$(PY) -m pip install --disable-pip-version-check --require-hashes -r requirements/make.txt
	$(PY) -m pip install --disable-pip-version-check --no-deps --no-build-isolation -e ./client -e .
	@touch $@

.venv-gpu/installed: $(wildcard $(WHEELS)/requirements.txt)
	$${PYTHON:-python3} -m benchmarks.gpu.wheels install $(WHEELS) .venv-gpu
	@touch $@
