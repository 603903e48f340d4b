# shellcheck shell=bash
# Sourced by shell tests. A test is a function whose name starts with test_; run_tests runs each in a shell of its own,
# with a folder of its own as the current one, and writes a report that Bazel and tools/test count by case.

playhead=${PLAYHEAD_BINARY_FOR_TESTS:-$PWD/tools/playhead}
corpus=$PWD/tests/data/meta_webhooks.ndjson
unset PLAYHEAD_BINARY_FOR_TESTS
export NO_COLOR=1

die() {
  echo "FAILED: $*" >&2
  exit 1
}

expect_eq() {
  [[ $1 == "$2" ]] || die "expected \"$2\", got \"$1\""
}

expect_match() {
  [[ $1 == $2 ]] || die "expected something like \"$2\", got \"$1\""
}

# expect_exit CODE COMMAND...: what the command printed is in $out and $err.
expect_exit() {
  local wanted=$1 code=0
  shift
  "$@" >stdout.txt 2>stderr.txt || code=$?
  out=$(<stdout.txt)
  err=$(<stderr.txt)
  [[ $code == "$wanted" ]] || die "exit code $code, not $wanted, of: $*; stderr: $err"
}

# An error is one line: `playhead: REASON: message`.
expect_error() {
  expect_match "$err" "playhead: $1: *"
  expect_eq "$(wc -l <stderr.txt)" 1
}

# start_broker [FLAG...]: a broker on a free port; clients find it in the environment.
start_broker() {
  [[ -p ready ]] || mkfifo ready
  "$playhead" serve --data_dir=data --grpc_listen=127.0.0.1:0 "$@" >ready 2>>broker.log &
  broker=$!
  local line
  read -r line <ready || die "the broker did not start: $(<broker.log)"
  expect_match "$line" "ready grpc=127.0.0.1:*"
  PLAYHEAD_HTTP=
  [[ $line != *" http="* ]] || PLAYHEAD_HTTP=${line#* http=}
  line=${line%% http=*}
  PLAYHEAD_TARGET=${line#ready grpc=}
  export PLAYHEAD_TARGET
}

stop_broker() {
  kill "$broker"
  local code=0
  wait "$broker" || code=$?
  broker=
  expect_eq $code 0
}

# await_lines FILE COUNT: blocks until a program that runs has written so many lines to a file.
await_lines() {
  local lines
  : >>"$1"  # The program may not have come to making it.
  lines=$(timeout 600 tail -n +1 -f "$1" | head -n "$2" | wc -l) || true
  ((lines == $2)) || die "$1 has $lines lines, not $2"
}

run_tests() {
  local name names start status failed=0 cases="" scratch log
  scratch=$(mktemp -d "${TEST_TMPDIR:-/tmp}/shell_test.XXXXXX")
  mapfile -t names < <(declare -F | sed -n 's/^declare -f \(test_.*\)/\1/p')
  for name in "${names[@]}"; do
    [[ -z ${1:-} || $name == "$1" ]] || continue
    echo "[ RUN  ] $name"
    start=$SECONDS
    mkdir "$scratch/$name"
    log=$scratch/$name.log
    set +e
    (
      set -euo pipefail
      cd "$scratch/$name" || exit 1
      broker=
      trap '[[ -z $broker ]] || kill -9 $broker 2>/dev/null' EXIT
      "$name"
    ) >"$log" 2>&1 </dev/null
    status=$?
    set -e
    cases+="<testcase name=\"$name\" time=\"$((SECONDS - start))\">"
    if ((status == 0)); then
      echo "[   OK ] $name"
    else
      echo "[FAILED] $name"
      sed 's/^/    /' "$log"
      failed=$((failed + 1))
      cases+="<failure message=\"see the log\"/>"
    fi
    cases+=$'</testcase>\n'
  done
  if [[ -n ${XML_OUTPUT_FILE:-} ]]; then
    printf '<testsuites><testsuite name="shell">\n%s</testsuite></testsuites>\n' "$cases" >"$XML_OUTPUT_FILE"
  fi
  rm -rf "$scratch"
  ((failed == 0))
}
