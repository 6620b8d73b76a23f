#!/usr/bin/env bash
# Install what requirements/NAME.txt lists, each file checked by its SHA-256: install.sh NAME PYTHON. pip's pages of output
# become one line, on a terminal with the package that it is at. If it fails, all of them are printed.
set -uo pipefail
cd "$(dirname "$0")/.." || exit
name=$1 python=$2
log=$(mktemp)
trap 'rm -f "$log"' EXIT

echo "Installing what requirements/$name.txt lists ..."
# The line that says where pip is; without a terminal nothing, but all is read, or pip would write to nobody.
show() { awk '/^(Collecting|Installing)/ { printf "\r\033[K  %.70s", $0; fflush() } END { printf "\r\033[K" }'; }
[ -t 1 ] || show() { cat > /dev/null; }

if ! "$python" -m pip install --disable-pip-version-check --progress-bar off --require-hashes \
  -r "requirements/$name.txt" 2>&1 | tee "$log" | show; then
  cat "$log" >&2
  echo "pip cannot install what requirements/$name.txt lists: see above (is the package registry within reach?)" >&2
  exit 1
fi
# "Downloading NAME (1.5 MB)", or "Using cached …"; what was there already is not listed.
awk '/^ *(Downloading|Using cached) .*\(/ && !/\.metadata / {
  files++
  unit = $NF == "GB)" ? 1000 : $NF == "MB)" ? 1 : 0.001
  sub(/.*\(/, "")
  megabytes += $1 * unit
} END { printf "%d packages installed, %.0f MB in all\n", files, megabytes }' "$log"
