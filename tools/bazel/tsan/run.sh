#!/usr/bin/env bash
# Runs a program without address space randomisation, if that is permitted. The sanitizer of GCC 12 supports at most 28
# random bits and fails with "unexpected memory mapping" if the kernel uses more.
#
#   tools/bazel/tsan/run.sh PROGRAM [ARGUMENT...]
set -euo pipefail

if setarch --addr-no-randomize true 2>/dev/null; then
  exec setarch --addr-no-randomize "$@"
fi
exec "$@"
