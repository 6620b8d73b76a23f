#!/bin/bash
# What the real base's entry point does for us: say hello, then hand over to the command.
printf '\nThis is not an NVIDIA image but a stand-in, for tests only: Debian and the server of PyPI'"'"'s nvidia-pytriton.\n\n'
exec "$@"
