#!/usr/bin/env bash
# Write one of the files beside this: lock.sh demo|make|docs|release|export|image|uv. uv resolves for all Pythons at once.
set -euo pipefail
cd "$(dirname "$0")/.."

projects=(pyproject.toml)
# What builds the project: it is installed without a build environment of its own.
more=(hatchling editables)
case "$1" in
  demo)
    extras=(server export grpc heic pdf)
    projects+=(client/pyproject.toml)
    ;;
  make)
    extras=(server export bench dev grpc heic pdf)
    projects+=(client/pyproject.toml)
    ;;
  export) extras=(export) ;;
  image)
    extras=()
    more=()
    ;;
  docs)
    extras=()
    projects=()
    more=(mkdocs mkdocs-material 'mkdocstrings[python]')
    ;;
  release)
    extras=()
    projects=()
    more=(build bump-my-version check-wheel-contents hatchling twine)
    ;;
  uv)
    extras=()
    projects=()
    more=(uv)
    export UV_NO_CONFIG=1 # it runs beside any Python, not only those that pyproject.toml names
    ;;
  *)
    echo "lock.sh demo|make|docs|release|export|image|uv" >&2
    exit 2
    ;;
esac

tools=$(mktemp -d)
trap 'rm -r "$tools"' EXIT
python3 -m venv "$tools"
"$tools/bin/python" -m pip install -qq --disable-pip-version-check --constraint constraints.txt uv
printf '%s\n' "${more[@]}" | "$tools/bin/uv" pip compile --quiet --universal --python-version 3.10 --generate-hashes \
  --no-header --no-annotate --constraint constraints.txt "${extras[@]/#/--extra=}" "${projects[@]}" - \
  --output-file "requirements/$1.txt"
