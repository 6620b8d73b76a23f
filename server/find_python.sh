#!/usr/bin/env bash
# Print the path of a Python that the embedded server works with; requirements.py says what that takes.
# `PYTHON=…` names one; else the usual names are tried. On failure, stderr says why each will not do.
set -u
cd "$(dirname "$0")/.." || exit

for candidate in ${PYTHON:-python3 python3.12 python3.11 python3.10}; do
  if ! command -v "$candidate" > /dev/null; then
    answer="not on PATH"
  elif ! "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2> /dev/null; then
    answer="older than Python 3.10, or does not start"
  elif answer=$("$candidate" -m server.requirements 2>&1); then
    echo "$answer"
    exit 0
  fi
  reasons+="  $candidate: $answer"$'\n'
done
printf 'No Python for the server was found.\n%sInstall one that fits, or name it: make PYTHON=/path/to/python3.12\n' "$reasons" >&2
exit 1
