#!/usr/bin/env bash
# The demo loses nothing and repeats nothing, with its broker and its subscriber killed midway.
set -euo pipefail
# shellcheck source=tests/cli/shell_test.sh
source tests/cli/shell_test.sh
demo=$PWD/tools/demo

test_demo_loses_nothing_and_repeats_nothing() {
  TMPDIR=$PWD "$demo" "$playhead" "$corpus" >demo.txt
  expect_eq "$(tail -n 1 demo.txt)" "expected 4000, received 4000, lost 0, duplicated after the saved cursor 0"
}

run_tests "$@"
