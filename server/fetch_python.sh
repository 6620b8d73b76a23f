#!/usr/bin/env bash
# Fetch a Python 3.12 into the user's cache with uv, and print its path. uv is the one on PATH, or its wheel, checked by
# SHA-256. UV_PYTHON_INSTALL_MIRROR is where uv fetches from in a closed network. On failure, stderr says what to do.
set -uo pipefail
cd "$(dirname "$0")/.." || exit
cache=${OCR_TRITON_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/ocr-triton}
export UV_PYTHON_INSTALL_DIR=$cache/python PIP_ROOT_USER_ACTION=ignore

# Print the path of uv, installed by whichever of pip and venv this machine's python3 has.
find_uv() {
  local own=$cache/uv/bin/uv pip=(-m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt)
  if command -v uv; then
    return
  elif [ ! -x "$own" ] && python3 -m pip --version > /dev/null 2>&1; then
    python3 "${pip[@]}" --target "$cache/uv" >&2 || return
  elif [ ! -x "$own" ]; then
    { python3 -m venv --clear "$cache/uv" && "$cache/uv/bin/python" "${pip[@]}"; } > /dev/null 2>&1 || return
  fi
  echo "$own"
}

echo "Fetching Python 3.12 with uv into $UV_PYTHON_INSTALL_DIR, once ..." >&2
if ! uv=$(find_uv); then
  echo "uv is missing, and this machine's python3 cannot install it: install uv, or on Debian and Ubuntu python3-venv." >&2
  exit 1
fi
if ! said=$("$uv" python install --no-bin 3.12 2>&1); then
  printf '%s\n' "$said" >&2
  echo "uv cannot fetch it: in a closed network, name a mirror in UV_PYTHON_INSTALL_MIRROR." >&2
  exit 1
fi
printf '%s\n' "$UV_PYTHON_INSTALL_DIR"/cpython-3.12.*/bin/python3.12 | sort --version-sort | tail -n 1
