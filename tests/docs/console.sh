# shellcheck shell=bash
# Sourced by tests of pages: runs the commands that a page shows, and compares what they print with what it says.

# blocks PAGE KIND: the lines of all blocks of one kind.
blocks() {
  awk -v start="\`\`\`$2" '$0 == "```" {inside = 0} inside {print} $0 == start {inside = 1}' "$1"
}

# What differs from run to run: times, ports, and in the demo how far it had come.
normalise() {
  sed -E 's/[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z/TIME/g; /^ *[0-9.]+ s  /s/[0-9.]+/N/g; s/^ *N s/N s/'
}

# expect_console PAGE COUNT: each command of the page, which are at least so many, prints what the page shows. A command
# is run by `run_command COMMAND`, which the test defines.
expect_console() {
  local line command="" commands=0
  : >expected.txt
  # The end of a command's output is the next command, or the end.
  compare() {
    [[ -n $command ]] || return 0
    commands=$((commands + 1))
    run_command "$command" >actual.raw
    # Not all that is printed ends a line.
    [[ ! -s actual.raw || -z $(tail -c 1 actual.raw) ]] || echo >>actual.raw
    normalise <actual.raw >actual.txt
    diff -u expected.txt actual.txt || die "not what $1 shows: $command"
  }
  while IFS= read -r line; do
    if [[ $line == "$ "* ]]; then
      compare "$1"
      command=${line#"$ "}
      : >expected.txt
    elif [[ $command == *\\ ]]; then
      command="${command%\\}$line"
    else
      normalise <<<"$line" >>expected.txt
    fi
  done < <(blocks "$1" console)
  compare "$1"
  ((commands >= $2)) || die "only $commands commands found"
}
