#!/usr/bin/env bash
# What is set for VZaps' clients, from the command line.
# shellcheck disable=SC2016,SC2031,SC2119,SC2238  # Tests run in shells of their own, and pass text on unexpanded.
set -euo pipefail
# shellcheck source=tests/cli/shell_test.sh
source tests/cli/shell_test.sh

test_subscribed_events_are_set_shown_and_cleared() {
  start_broker
  echo one | "$playhead" append bot --type=Message
  echo one | "$playhead" append other --type=Message
  expect_exit 0 "$playhead" vzaps show
  expect_match "$out" "All instances without their own*subscribed to All*No instance has its own."
  expect_exit 0 "$playhead" vzaps set bot --events=readreceipt,Message
  expect_match "$out" "Subscribed bot to Message, ReadReceipt.*Open connections are not affected."
  expect_exit 0 "$playhead" vzaps set --all --events=Presence --json
  expect_eq "$out" '{"instance":"*","events":["Presence"]}'
  stop_broker
  start_broker
  expect_exit 0 "$playhead" vzaps show bot
  expect_match "$out" "bot (by its own setting)*subscribed to Message, ReadReceipt"
  expect_exit 0 "$playhead" vzaps show other
  expect_match "$out" "other (as all)*subscribed to Presence"
  expect_exit 0 "$playhead" vzaps show
  expect_match "$out" "All instances without their own*subscribed to Presence*Instances with their own (1):*  bot"
  expect_exit 0 "$playhead" vzaps show --json
  expect_eq "$out" '{"instance":"*","events":["Presence"],"effective_events":["Presence"],"instances":["bot"]}'
  expect_exit 0 "$playhead" vzaps clear bot
  expect_eq "$out" "Cleared the subscribed events of bot."
  expect_exit 0 "$playhead" vzaps show bot --json
  expect_eq "$out" '{"instance":"bot","effective_events":["Presence"]}'
  expect_exit 0 "$playhead" vzaps clear --all
  expect_exit 0 "$playhead" vzaps show bot
  expect_match "$out" "bot (as all)*subscribed to All"
  expect_exit 0 "$playhead" fetch playhead.audit --json
  expect_eq "$(jq -rs 'map(.type) | join(" ")' <<<"$out")" \
    "audit.vzaps_events_set audit.vzaps_events_set audit.vzaps_events_cleared audit.vzaps_events_cleared"
}

test_what_is_wrong_is_said() {
  start_broker
  expect_exit 2 "$playhead" vzaps set bot
  expect_error USAGE
  expect_exit 2 "$playhead" vzaps set --events=Message
  expect_error USAGE
  expect_exit 2 "$playhead" vzaps set bot --all --events=Message
  expect_error USAGE
  expect_exit 3 "$playhead" vzaps set bot --events=Message
  expect_error INSTANCE_NOT_FOUND
  echo one | "$playhead" append bot --type=Message
  expect_exit 2 "$playhead" vzaps set bot --events=Message,Massage
  expect_error FILTER_INVALID
  expect_match "$err" '*VZaps has no event "Massage": it has Message, ReadReceipt, *, or All*'
  expect_exit 0 "$playhead" vzaps show bot --json
  expect_eq "$out" '{"instance":"bot","effective_events":["All"]}'
}

run_tests "$@"
