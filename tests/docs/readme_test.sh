#!/usr/bin/env bash
# README.md tells the truth: its commands run and print what it shows, and its C++ is what tour_test compiles.
set -euo pipefail
# shellcheck source=tests/cli/shell_test.sh
source tests/cli/shell_test.sh
root=$PWD

# Prints the lines of all blocks of one kind.
blocks() {
  awk -v start="\`\`\`$1" '$0 == "```" {inside = 0} inside {print} $0 == start {inside = 1}' "$root/README.md"
}

# What differs from run to run: times, ports, and in the demo how far it had come.
normalise() {
  sed -E 's/[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z/TIME/g; /^ *[0-9.]+ s  /s/[0-9.]+/N/g; s/^ *N s/N s/'
}

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
  local line command="" commands=0
  : >expected.txt
  # The end of a command's output is the next command, or the end.
  compare() {
    [[ -n $command ]] || return 0
    commands=$((commands + 1))
    run_command "$command" >actual.raw
    normalise <actual.raw >actual.txt
    diff -u expected.txt actual.txt || die "not what README.md shows: $command"
  }
  while IFS= read -r line; do
    if [[ $line == "$ "* ]]; then
      compare
      command=${line#"$ "}
      : >expected.txt
    elif [[ $command == *\\ ]]; then
      command="${command%\\}$line"
    else
      normalise <<<"$line" >>expected.txt
    fi
  done < <(blocks console)
  compare
  ((commands >= 10)) || die "only $commands commands found"
}

test_the_cpp_of_the_page_is_what_is_compiled() {
  sed -n '/\/\/ \[tour$/,/\/\/ tour\]$/{//d;s/^  //;p}' "$root/tests/docs/tour_test.cc" >compiled.txt
  diff -u compiled.txt <(blocks cpp)
}

run_tests "$@"
