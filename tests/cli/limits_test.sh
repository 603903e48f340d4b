#!/usr/bin/env bash
# Limits of instances from the command line.
# shellcheck disable=SC2016,SC2031,SC2119,SC2238  # Tests run in shells of their own, and pass text on unexpanded.
set -euo pipefail
# shellcheck source=tests/cli/shell_test.sh
source tests/cli/shell_test.sh

test_limits_are_set_shown_and_cleared() {
  start_broker
  expect_exit 0 "$playhead" limits set --events_per_second=100 --stored_bytes=1MiB
  expect_match "$out" "*default*100*-*1MiB*"
  expect_exit 0 "$playhead" limits set bot --stored_bytes=1000
  expect_exit 0 "$playhead" limits set bot --bytes_per_second=0
  expect_exit 0 "$playhead" limits show
  expect_match "$out" "*default*100*1MiB*bot*no bound*1000*"
  expect_exit 0 "$playhead" limits show bot --json
  expect_eq "$out" '{"instance":"bot","own":{"append_bytes_per_second":0,"stored_bytes_max":1000},"default":{"append_events_per_second":100,"stored_bytes_max":1048576},"effective":{"append_events_per_second":100,"append_bytes_per_second":0,"stored_bytes_max":1000},"stored_bytes":0}'
  expect_exit 0 "$playhead" limits clear bot
  expect_exit 0 "$playhead" limits clear
  expect_exit 0 "$playhead" limits show --json
  expect_eq "$out" '{"instance":null,"limits":{}}'
}

test_what_is_beyond_a_limit_says_which() {
  start_broker
  expect_exit 0 "$playhead" limits set bot --stored_bytes=100
  expect_exit 0 "$playhead" append bot --type=t <<<"short"
  expect_exit 4 timeout 200 "$playhead" append bot --type=t --max_attempts=1 <<<"$(printf 'x%.0s' {1..200})"
  expect_error QUOTA_EXCEEDED
  expect_match "$err" "*instance bot stores * bytes and may store 100*"
}

test_limits_that_make_no_sense_are_refused() {
  start_broker
  expect_exit 2 "$playhead" limits set bot
  expect_error USAGE
  expect_exit 2 "$playhead" limits set bot --stored_bytes=much
  expect_error USAGE
}

run_tests "$@"
