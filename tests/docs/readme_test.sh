#!/usr/bin/env bash
# README.md tells the truth: its commands run and print what it shows, and its C++ is what tour_test compiles.
set -euo pipefail
# shellcheck source=tests/cli/shell_test.sh
source tests/cli/shell_test.sh
# shellcheck source=tests/docs/console.sh
source tests/docs/console.sh
root=$PWD

# Runs one command of the page in the shell of the tour.
run_command() {
  case $1 in
    ./tools/up) ;;  # The tour's broker runs already.
    "./tools/up --demo") env -u PLAYHEAD_TARGET "$root/tools/demo" "$playhead" "$corpus" 2>&1 ;;
    *) eval "$1" 2>&1 ;;
  esac
}

test_every_command_of_the_page_prints_what_it_shows() {
  mkdir -p bazel-bin/tools tests/data
  ln -s "$playhead" bazel-bin/tools/playhead
  ln -s "$corpus" tests/data/
  # shellcheck disable=SC2119  # No flags.
  start_broker
  expect_console "$root/README.md" 10
}

test_the_cpp_of_the_page_is_what_is_compiled() {
  sed -n '/\/\/ \[tour$/,/\/\/ tour\]$/{//d;s/^  //;p}' "$root/tests/docs/tour_test.cc" >compiled.txt
  diff -u compiled.txt <(blocks "$root/README.md" cpp)
}

run_tests "$@"
