#!/usr/bin/env bash
# Known faults of what make and the image install, as the registry's own database has them. Where that cannot be asked,
# this says so: it is no failure of this project.
set -euo pipefail
cd "$(dirname "$0")/.."

tools=$(mktemp -d)
trap 'rm -r "$tools"' EXIT
python3 -m venv "$tools"
if ! "$tools/bin/python" -m pip install -qq --disable-pip-version-check pip-audit==2.10.1; then
  echo "audit: NOT DONE, pip-audit cannot be installed here"
  exit 0
fi
for name in make image; do
  status=0
  said=$("$tools/bin/pip-audit" --progress-spinner off --disable-pip --require-hashes \
    --requirement "requirements/$name.txt" 2>&1) || status=$?
  if grep -qE 'ConnectionError|ServiceError|Could not connect|timed out|HTTPError|Max retries' <<< "$said"; then
    echo "audit: NOT DONE for $name.txt, the database cannot be reached: $(tail -n 1 <<< "$said")"
  elif [ "$status" != 0 ]; then
    echo "$said"
    exit "$status"
  elif skipped=$(grep -c 'could not be audited' <<< "$said"); then
    echo "audit: NOT DONE for $skipped packages of $name.txt, the database that is reached here does not know them"
  else
    echo "audit: $name.txt: $said"
  fi
done
