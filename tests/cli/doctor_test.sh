#!/usr/bin/env bash
# What the doctor says of stores that are there, are not, are open, or are damaged.
# shellcheck disable=SC2016,SC2031,SC2119,SC2238  # Tests run in shells of their own, and pass text on unexpanded.
set -euo pipefail
# shellcheck source=tests/cli/shell_test.sh
source tests/cli/shell_test.sh

test_a_stopped_store_is_looked_at_and_read() {
  start_broker
  seq 100 | "$playhead" append bot --type=t >stdout.txt
  stop_broker
  expect_exit 0 "$playhead" doctor --data_dir=data --json
  expect_match "$out" '*"subject":"data folder","finding":"data is writable, and nobody else'"'"'s"*'
  expect_match "$out" '*"subject":"disk speed","finding":"a synced write of 4 KiB takes * us*'
  expect_match "$out" '*"severity":"good","subject":"store","finding":"intact: 1 instances, 100 events"*'
  expect_eq "$(find data -name '*doctor*')" ""
}

test_a_store_that_is_open_is_left_to_its_broker() {
  start_broker
  expect_exit 0 "$playhead" doctor --data_dir=data
  expect_match "$out" '*note     store *-> if its broker runs, ask that: playhead verify*'
}

test_a_damaged_store_is_said_to_be() {
  start_broker
  seq 1000 | "$playhead" append bot --type=t >stdout.txt
  stop_broker
  start_broker # What was in the log is in files now.
  stop_broker
  local file
  for file in data/*.sst; do
    printf 'damaged' | dd of="$file" bs=1 seek=100 conv=notrunc status=none
  done
  expect_exit 7 "$playhead" doctor --data_dir=data
  expect_match "$out" '*problem  store *'
  expect_error DATA_LOSS
}

test_what_is_open_to_others_is_told_with_what_to_do() {
  mkdir data
  chmod 755 data
  echo secret >admin
  chmod 644 admin
  expect_exit 1 "$playhead" doctor --data_dir=data --admin_secret_file=admin --skip_verify
  expect_match "$out" '*warning  data folder *-> chmod 700 data*'
  expect_match "$out" "*problem  administrator's secret *-> chmod 600 admin*"
  expect_match "$err" 'playhead: FAILED: 1 problem'
}

test_a_secret_that_is_missing_is_said_to_be() {
  mkdir -m 700 data
  expect_exit 1 "$playhead" doctor --data_dir=data --admin_secret_file=nope --skip_verify
  expect_match "$out" "*problem  administrator's secret *nope is missing*"
  [[ $out != *chmod* ]] || die "chmod of a file that is not there"
}

test_a_folder_that_is_not_there_is_no_problem_and_none_at_all_is_a_mistake() {
  expect_exit 0 "$playhead" doctor --data_dir=later
  expect_match "$out" '*note     data folder *later is not there yet*'
  expect_match "$out" '*note     store *there is none yet*'
  expect_exit 2 "$playhead" doctor
}

run_tests "$@"
