#!/usr/bin/env bash
# Print the path of a Python that the embedded server works with: 3.10 to 3.12, with its shared library and venv.
# `PYTHON=…` names one; else the usual names are tried. Says on stderr why each candidate will not do.
set -u

check='
import sys, sysconfig
from pathlib import Path
if not (3, 10) <= sys.version_info[:2] <= (3, 12):
    sys.exit("is %d.%d, needed is 3.10, 3.11 or 3.12" % sys.version_info[:2])
try:
    import ensurepip, venv
except ImportError:
    sys.exit("cannot make virtual environments (on Debian and Ubuntu: apt-get install python3-venv)")
name = "libpython%d.%d.so.1.0" % sys.version_info[:2]
library, multiarch = (v or "" for v in sysconfig.get_config_vars("LIBDIR", "MULTIARCH"))
folders = [library, library + "/" + multiarch, sys.base_prefix + "/lib", "/usr/lib/" + multiarch]
if not any(Path(folder, name).exists() for folder in folders):
    sys.exit("lacks %s (on Debian and Ubuntu: apt-get install %s)" % (name, name[: -len(".so.1.0")]))
print(sys.executable)
'

for candidate in ${PYTHON:-python3 python3.12 python3.11 python3.10}; do
  command -v "$candidate" > /dev/null || continue
  # A version manager may answer to names of Pythons that it does not have.
  if path=$("$candidate" -c "$check" 2>&1); then
    echo "$path"
    exit 0
  fi
  reasons+="  $candidate ${path##*$'\n'}"$'\n'
done
echo "No Python for the server was found. Tried:" >&2
printf '%s' "${reasons:-  ${PYTHON:-python3, python3.12, python3.11, python3.10}: not on PATH
}" >&2
echo "Install one that fits, or name it: make PYTHON=/path/to/python3.12" >&2
exit 1
