# shellcheck shell=bash
# Shell functions that the scripts share. Sourced with the caller's `set -euo pipefail`, in the repository's root.

# The program's name stands before each line, so that a reader of `make` output knows who speaks.
say() { printf '%s: %s\n' "$(basename "$0")" "$*"; }

fail() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}

# Prints the first Python 3.10 or newer that can make a virtual environment: a python3 built by hand may come first on
# PATH and work, while Debian's own lacks ensurepip until python3-venv is installed.
python_for_venv() {
    local candidate
    for candidate in python3 /usr/bin/python3; do
        if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
            command -v "$candidate"
            return 0
        fi
    done
    return 1
}
