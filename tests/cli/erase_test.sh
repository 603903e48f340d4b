#!/usr/bin/env bash
# Erasing as the command line has it.
# shellcheck disable=SC2016,SC2031,SC2119,SC2238  # Tests run in shells of their own, and pass text on unexpanded.
set -euo pipefail
# shellcheck source=tests/cli/shell_test.sh
source tests/cli/shell_test.sh

# append INSTANCE CUSTOMER DATA
append() {
  echo "{\"type\":\"note\",\"data\":{\"text\":\"$3\"},\"attributes\":{\"customer\":\"$2\"}}" | "$playhead" append "$1" --ndjson >append.txt
}

test_an_attribute_is_erased_from_reads_and_from_the_disk() {
  start_broker
  append chat.1 anna aaaa-first-secret
  append chat.1 otto otto-stays
  append chat.2 anna aaaa-second-secret
  grep -rqF aaaa-first-secret data || die "the test looks in the wrong place"
  expect_exit 0 "$playhead" erase 'chat.*' --attribute=customer=anna --dry_run
  expect_match "$out" "Would erase 2 events (* B) of 3 events in 2 instances."
  expect_exit 0 "$playhead" erase 'chat.*' --attribute=customer=anna --wait
  expect_match "$out" "Erased 2 events (* B) of 3 events in 2 instances: no file of the broker's has them any more."
  ! grep -rqF aaaa- data || die "bytes are left: $(grep -rlF aaaa- data)"
  expect_exit 0 "$playhead" fetch chat.1 --json
  expect_eq "$(jq -c '[.cursor, .type]' <<<"$out" | tr '\n' ' ')" '[1,"playhead.erased"] [2,"note"] '
  expect_exit 0 "$playhead" erasures --json
  expect_eq "$(jq -c '[.number, .state, .dry_run, .erased_events, .attribute_key]' <<<"$out" | tr '\n' ' ')" \
    '[1,"done",true,2,"customer"] [2,"done",false,2,"customer"] '
  expect_exit 0 "$playhead" erasures
  expect_match "$out" "NUMBER *STATE *INSTANCES*2  done *attribute customer*chat.\**"
  expect_exit 0 "$playhead" fetch playhead.audit --json
  expect_match "$out" "*audit.events_erased*"
  [[ $out != *anna* ]] || die "the audit log says whose events were erased"
  stop_broker
}

test_single_events_are_erased_by_cursor_and_by_id() {
  start_broker
  append a x one
  append a x two
  echo '{"type":"note","id":"m-3","data":{"n":3}}' | "$playhead" append a --ndjson >append.txt
  expect_exit 0 "$playhead" erase a --cursor=1 --wait --json
  expect_eq "$(jq -c '[.state, .cursor_count, .erased_events]' <<<"$out")" '["done",1,1]'
  expect_exit 0 "$playhead" erase a --id=m-3 --wait
  expect_exit 0 "$playhead" fetch a --json
  expect_eq "$(jq -r .type <<<"$out" | tr '\n' ' ')" 'playhead.erased note playhead.erased '
  # What repeats an erased id is not stored again.
  echo '{"type":"note","id":"m-3","data":{"n":3}}' | "$playhead" append a --ndjson >append.txt
  expect_exit 0 "$playhead" fetch a --json
  expect_eq "$(wc -l <<<"$out")" 3
  stop_broker
}

test_mistakes_are_said() {
  start_broker
  append a x one
  expect_exit 2 "$playhead" erase a
  expect_exit 2 "$playhead" erase a --attribute=customer
  expect_exit 2 "$playhead" erase a --cursor=x
  expect_exit 2 "$playhead" erase a --cursor=1 --id=x
  expect_exit 3 "$playhead" erase none --cursor=1
  expect_error INSTANCE_NOT_FOUND
  expect_exit 3 "$playhead" erasures --cancel=7
  expect_error ERASURE_NOT_FOUND
  stop_broker
}

run_tests "$@"
