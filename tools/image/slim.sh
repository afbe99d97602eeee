#!/bin/sh
# Take out of a folder of Python packages what running them does not need, and compile the rest:
# the file system is read-only later, and compiling at every start costs a second or two.
set -eu
find "$1" -type d -name tests -prune -exec rm -rf {} +
find "$1" -type d -name __pycache__ -prune -exec rm -rf {} +
find "$1" -type f \( -name '*.c' -o -name '*.cpp' -o -name '*.h' -o -name '*.pyx' -o -name '*.pxd' -o -name '*.pyi' -o -name '*.a' \) -delete
/opt/katydid/bin/python -m compileall -q -j0 --invalidation-mode unchecked-hash "$1"
