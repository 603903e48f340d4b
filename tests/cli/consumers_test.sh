#!/usr/bin/env bash
# Named consumers from the command line: reading as one, and tending them.
# shellcheck disable=SC2016,SC2031,SC2119,SC2238  # Tests run in shells of their own, and pass text on unexpanded.
set -euo pipefail
# shellcheck source=tests/cli/shell_test.sh
source tests/cli/shell_test.sh

append_numbers() {
  seq "$2" "$3" | "$playhead" append "$1" --type=number >/dev/null
}

data_of() {
  sed -E 's/.*"data":"?([0-9]+)"?.*/\1/' stdout.txt | paste -sd, -
}

test_what_is_consumed_does_not_come_again() {
  start_broker
  append_numbers bot 1 5
  expect_exit 0 timeout 200 "$playhead" consume crm --instance=bot --count=3
  expect_eq "$(data_of)" "1,2,3"
  expect_exit 0 timeout 200 "$playhead" consume crm --count=2
  expect_eq "$(data_of)" "4,5"
  expect_exit 0 "$playhead" consumers lag crm
  expect_eq "$out" "0"
}

test_no_more_is_taken_than_is_printed() {
  start_broker
  append_numbers bot 1 500
  expect_exit 0 timeout 200 "$playhead" consume crm --instance=bot --count=3
  expect_eq "$(data_of)" "1,2,3"
  expect_exit 0 timeout 200 "$playhead" consume crm --count=497
  expect_eq "$(wc -l <stdout.txt)" 497
  expect_eq "$(grep -c attempt stdout.txt || true)" 0
}

test_a_consumer_that_is_not_there_is_not_made_by_itself() {
  start_broker
  expect_exit 3 timeout 200 "$playhead" consume crm --count=1
  expect_error CONSUMER_NOT_FOUND
  expect_exit 3 "$playhead" consumers show crm
  expect_error CONSUMER_NOT_FOUND
}

test_consumers_are_made_listed_described_and_deleted() {
  start_broker
  append_numbers bot-1 1 4
  expect_exit 0 "$playhead" consumers create crm --prefix=bot- --ack_deadline=1m
  expect_match "$out" "Made crm, reading bot-\**"
  expect_exit 0 "$playhead" consumers create crm --prefix=bot- --ack_deadline=1m
  expect_match "$out" "There is already crm*"
  expect_exit 6 "$playhead" consumers create crm --all
  expect_error CONSUMER_EXISTS
  expect_exit 2 "$playhead" consumers create other
  expect_error USAGE
  expect_exit 0 "$playhead" consumers list
  expect_match "$out" "CONSUMER*SOURCE*LAG*crm*bot-\**nobody holds it*"
  expect_exit 0 "$playhead" consumers list --json
  expect_match "$out" '{"name":"crm","source":"bot-\*",*"parked":0,*'
  expect_exit 0 "$playhead" consumers show crm
  expect_match "$out" "*deadline*1m*attempts*up to 16*"
  expect_exit 2 "$playhead" consumers delete crm </dev/null
  expect_error USAGE
  expect_exit 0 "$playhead" consumers delete crm --yes
  expect_eq "$out" "Deleted crm."
  expect_exit 3 "$playhead" consumers show crm
}

test_a_reset_says_first_what_it_would_do() {
  start_broker
  append_numbers bot 1 10
  expect_exit 0 timeout 200 "$playhead" consume crm --instance=bot --count=10
  expect_exit 0 "$playhead" consumers reset crm --after=4 --dry_run
  expect_eq "$out" "Would reset crm from 10 to 4: 6 events come again, 0 events are skipped."
  expect_exit 0 "$playhead" consumers lag crm
  expect_eq "$out" "0"
  expect_exit 2 "$playhead" consumers reset crm --after=4 </dev/null
  expect_error USAGE
  expect_match "$err" "*6 events come again*--yes*"
  expect_exit 0 "$playhead" consumers reset crm --after=4 --yes
  expect_eq "$out" "Reset crm from 10 to 4: 6 events come again, 0 events are skipped."
  expect_exit 1 "$playhead" consumers lag crm --max=5
  expect_error FAILED
  expect_exit 0 timeout 200 "$playhead" consume crm --count=6
  expect_eq "$(data_of)" "5,6,7,8,9,10"
  expect_exit 0 "$playhead" consumers reset crm --from=beginning --dry_run --json
  expect_match "$out" '*"events_again":10,"events_skipped":0,"unparked":0,"dry_run":true}'
  expect_exit 2 "$playhead" consumers reset crm
  expect_error USAGE
}

test_nothing_is_parked_and_that_is_said() {
  start_broker
  expect_exit 0 "$playhead" consumers create crm --instance=bot
  expect_exit 0 "$playhead" consumers parked crm
  expect_match "$out" "NUMBER*INSTANCE*CURSOR*REASON"
  expect_exit 0 "$playhead" consumers parked requeue crm --all --yes
  expect_eq "$out" "Requeued 0 events of crm; 0 stay parked."
  expect_exit 0 "$playhead" consumers parked drop crm --oldest=5 --dry_run
  expect_eq "$out" "Would drop 0 events of crm; 0 would stay parked."
  expect_exit 2 "$playhead" consumers parked requeue crm
  expect_error USAGE
  expect_exit 2 "$playhead" consumers parked crm --all
  expect_error USAGE
  expect_exit 2 "$playhead" consumers parked forget crm
  expect_error USAGE
}

run_tests "$@"
