#!/usr/bin/env bash
# Retention as the command line has it.
# shellcheck disable=SC2016,SC2031,SC2119,SC2238  # Tests run in shells of their own, and pass text on unexpanded.
set -euo pipefail
# shellcheck source=tests/cli/shell_test.sh
source tests/cli/shell_test.sh

# await_events INSTANCE COUNT: until so many are kept.
await_events() {
  local kept
  for _ in {1..600}; do
    kept=$("$playhead" retention show "$1" --json | jq .events)
    [[ $kept != "$2" ]] || return 0
    sleep 0.1
  done
  die "$1 keeps $kept events, not $2"
}

test_a_policy_is_tried_set_shown_and_cleared() {
  start_broker
  seq 1 500 | "$playhead" append bot --type=t
  seq 1 500 | "$playhead" append other --type=t
  expect_exit 0 "$playhead" retention show
  expect_match "$out" "All instances without a policy of their own*keeps everything*No instance has a policy of its own."
  expect_exit 0 "$playhead" retention set bot --events=100 --dry_run
  expect_match "$out" "Would remove 400 events (*); the first kept one would be 401.*Nothing was changed."
  expect_exit 0 "$playhead" retention set --all --events=100 --dry_run
  expect_match "$out" "Would remove 800 events (*) of 2 instances.*Nothing was changed."
  expect_exit 0 "$playhead" retention set bot --events=100 --age=90d --life='presence.*=1h'
  expect_match "$out" "Set the retention of bot:*nothing older than 90d*the newest 100 events*events of type presence.\* for 1h*"
  await_events bot 100
  expect_exit 0 "$playhead" retention show bot
  expect_match "$out" "bot (by its own policy)*now   100 events, *, cursors 401 to 500*"
  expect_exit 0 "$playhead" retention show other
  expect_match "$out" "other (no policy is set)*keeps everything*now   500 events*"
  expect_exit 0 "$playhead" retention show
  expect_match "$out" "*Instances with their own (1):*  bot"
  expect_exit 0 "$playhead" retention clear bot
  expect_eq "$out" "Cleared the retention of bot."
  expect_exit 0 "$playhead" retention show bot --json
  expect_eq "$(jq -c '[.policy, .events]' <<<"$out")" '[null,100]'
  expect_exit 0 "$playhead" fetch playhead.audit --json
  expect_eq "$(jq -rs 'map(.type) | join(" ")' <<<"$out")" "audit.retention_set audit.retention_cleared"
}

test_keeping_everything_is_said_and_not_meant_by_silence() {
  start_broker
  echo one | "$playhead" append bot --type=t
  local bounds
  for bounds in "" --events_min=5 --age=0; do
    # shellcheck disable=SC2086  # None, or one flag.
    expect_exit 2 "$playhead" retention set --all $bounds
    expect_error USAGE
    expect_match "$err" "*--age, --bytes, --events, --keep_for_consumers or --life*--keep_everything*"
  done
  expect_exit 2 "$playhead" retention set bot --keep_everything --age=1d
  expect_error USAGE
  expect_exit 0 "$playhead" retention set --all --events=100
  expect_exit 0 "$playhead" retention set bot --keep_everything
  expect_match "$out" "Set the retention of bot:*keeps everything"
  expect_exit 0 "$playhead" retention show bot
  expect_match "$out" "bot (by its own policy)*keeps everything*"
}

test_what_is_wrong_is_said() {
  start_broker
  expect_exit 2 "$playhead" retention set
  expect_exit 2 "$playhead" retention set bot --all --events=1
  expect_exit 2 "$playhead" retention set bot --life=presence
  expect_exit 2 "$playhead" retention set bot --life=presence=1h --life=presence=2h
  expect_error USAGE
  expect_exit 3 "$playhead" retention set bot --events=1
  expect_error INSTANCE_NOT_FOUND
  echo one | "$playhead" append bot --type=t
  expect_exit 2 "$playhead" retention set bot --events=1 --events_min=2
  expect_error LIMIT_INVALID
}

run_tests "$@"
