#!/usr/bin/env bash
# Print the path of a Python that the embedded server works with; requirements.py says what that takes.
# `PYTHON=…` names one. Else the usual names are tried, and where none of them fits, fetch_python.sh gets one.
# On failure, stderr says why each will not do.
set -u
cd "$(dirname "$0")/.." || exit
# requirements.py ends with this status where no Python would do.
WRONG_MACHINE=3

for candidate in ${PYTHON:-python3 python3.12 python3.11 python3.10}; do
  if ! command -v "$candidate" > /dev/null; then
    answer="not on PATH"
  elif ! "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2> /dev/null; then
    answer="older than Python 3.10, or does not start"
  else
    answer=$("$candidate" -m server.requirements 2>&1)
    status=$?
    if [ $status = 0 ]; then
      echo "$answer"
      exit 0
    elif [ $status = $WRONG_MACHINE ]; then
      echo "$answer" >&2
      exit 1
    fi
  fi
  reasons+="  $candidate: $answer"$'\n'
done
printf 'No Python for the server was found.\n%s' "$reasons" >&2
if [ -z "${PYTHON:-}" ] && python=$(bash server/fetch_python.sh) && "$python" -m server.requirements; then
  exit 0
fi
echo "Install one that fits, or name it: make PYTHON=/path/to/python3.12 demo" >&2
exit 1
