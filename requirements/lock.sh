#!/usr/bin/env bash
# Write one of the files beside this: lock.sh make|export|image. uv resolves for all Pythons at once.
set -euo pipefail
cd "$(dirname "$0")/.."

projects=(pyproject.toml)
# What builds the project: it is installed without a build environment of its own.
more=(hatchling editables)
case "$1" in
  make)
    extras=(server export bench dev grpc heic pdf)
    projects+=(client/pyproject.toml)
    ;;
  export) extras=(export) ;;
  image)
    extras=()
    more=()
    ;;
  *)
    echo "lock.sh make|export|image" >&2
    exit 2
    ;;
esac

tools=$(mktemp -d)
trap 'rm -r "$tools"' EXIT
python3 -m venv "$tools"
"$tools/bin/python" -m pip install -qq --disable-pip-version-check uv==0.13.8
printf '%s\n' "${more[@]}" | "$tools/bin/uv" pip compile --quiet --universal --python-version 3.10 --generate-hashes \
  --no-header --no-annotate --constraint constraints.txt "${extras[@]/#/--extra=}" "${projects[@]}" - \
  --output-file "requirements/$1.txt"
