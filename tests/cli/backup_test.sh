#!/usr/bin/env bash
# Backups as an operator makes, checks and restores them.
# shellcheck disable=SC2016,SC2031,SC2119,SC2238  # Tests run in shells of their own, and pass text on unexpanded.
set -euo pipefail
# shellcheck source=tests/cli/shell_test.sh
source tests/cli/shell_test.sh

# A broker that may write backups, with some events.
start_with_events() {
  start_broker --backup_dir="$PWD/backups"
  mkdir -p backups
  seq 100 | "$playhead" append bot --type=t >stdout.txt
}

test_a_backup_is_made_checked_and_restored() {
  start_with_events
  expect_exit 0 "$playhead" backup nightly
  expect_match "$out" "Point 1 in $PWD/backups/nightly: * in * files; * were written: *1 point can be restored."
  seq 101 150 | "$playhead" append bot --type=t >stdout.txt
  expect_exit 0 "$playhead" backup "$PWD/backups/nightly" --json
  expect_match "$out" '{"dir":"*","point":2,"made_at":"*","bytes":*,"points":2}'
  seq 151 200 | "$playhead" append bot --type=t >stdout.txt
  expect_exit 0 "$playhead" verify
  expect_match "$out" "Intact: 2 instances, * events in * blocks*"
  stop_broker
  expect_exit 0 "$playhead" verify backups/nightly
  expect_match "$out" "Intact: *"
  expect_exit 0 "$playhead" verify --data_dir=data --json
  expect_match "$out" '{"findings":0,"instances":2,*'
  expect_exit 0 "$playhead" restore backups/nightly restored
  expect_match "$out" "Restored point 2 of *Z to restored: *epoch 16.*restored.seal*"
  expect_exit 0 "$playhead" restore backups/nightly first --point=1 --json
  expect_match "$out" '{"data_dir":"first","point":1,*"epoch_floor":32}'
  mv data lost
  mv restored data
  start_broker
  expect_exit 0 "$playhead" fetch bot --after=0 --limit=1000
  expect_eq "$(wc -l <stdout.txt)" 150
  expect_exit 5 "$playhead" tail bot --after=151
  expect_error CURSOR_DIVERGED
  echo new | "$playhead" append bot --type=t >stdout.txt
  expect_exit 5 "$playhead" tail bot --after=151
  expect_error CURSOR_DIVERGED
  expect_exit 0 "$playhead" tail bot --after=150 --count=1
  expect_match "$out" "*new*"
}

test_the_points_of_a_backup_are_listed() {
  start_with_events
  expect_exit 0 "$playhead" backup nightly --json
  local first=$out
  seq 101 150 | "$playhead" append bot --type=t >stdout.txt
  expect_exit 0 "$playhead" backup nightly
  expect_exit 0 "$playhead" backup list backups/nightly
  expect_match "$out" "POINT*MADE AT*SIZE*FILES*1  20*Z *2  20*Z *"
  expect_eq "$(wc -l <stdout.txt)" 3
  expect_exit 0 "$playhead" backup list backups/nightly --json
  expect_eq "$(head -n 1 stdout.txt)" "$(jq -c '{point, made_at, bytes, files}' <<<"$first")"
  expect_eq "$(jq -c .point stdout.txt | xargs)" "1 2"
  expect_exit 3 "$playhead" backup list backups
  expect_error BACKUP_NOT_FOUND
  rm "$(find backups/nightly/private/2 -type f -name 'MANIFEST*')"
  expect_exit 7 "$playhead" backup list backups/nightly --json
  expect_error DATA_LOSS
  expect_eq "$(tail -n 1 stdout.txt)" '{"point":2,"damaged":true}'
}

test_a_broker_writes_only_where_its_operator_allows() {
  start_broker
  expect_exit 8 "$playhead" backup "$PWD/anywhere"
  expect_error BACKUP_DIR_REFUSED
  stop_broker
  start_with_events
  mkdir backups-not
  for dir in "$PWD/backups-not" "$PWD/backups/../backups-not/x" ../backups-not/x /tmp/x "$PWD/data/x" ''; do
    expect_exit 8 "$playhead" backup "$dir"
    expect_error BACKUP_DIR_REFUSED
  done
  expect_eq "$(ls backups-not)" ""
  expect_exit 2 "$playhead" serve --data_dir=other --backup_dir=relative
  expect_exit 2 "$playhead" backup nightly --keep=0
}

test_a_backup_needs_the_permission_to_manage_everything() {
  start_with_events
  local admin reader
  admin=$("$playhead" keys create admin --allow=append,subscribe,manage --instances='*' --json | sed 's/.*"secret":"\(.*\)".*/\1/')
  reader=$(PLAYHEAD_KEY=$admin "$playhead" keys create reader --allow=subscribe,manage --instances='bot*' --json |
    sed 's/.*"secret":"\(.*\)".*/\1/')
  for command in "backup nightly" verify; do
    # shellcheck disable=SC2086  # A command and its argument.
    expect_exit 8 "$playhead" $command
    # shellcheck disable=SC2086
    expect_exit 8 env PLAYHEAD_KEY="$reader" "$playhead" $command
    # shellcheck disable=SC2086
    expect_exit 0 env PLAYHEAD_KEY="$admin" "$playhead" $command
  done
  expect_exit 0 env PLAYHEAD_KEY="$admin" "$playhead" fetch playhead.audit --after=0 --json
  expect_match "$out" "*audit.backup_made*$PWD/backups/nightly*"
}

test_a_stopped_store_is_backed_up_and_none_is_made_of_nothing() {
  start_with_events
  stop_broker
  expect_exit 0 "$playhead" backup "$PWD/cold" --data_dir=data
  expect_match "$out" "Point 1 in $PWD/cold: *"
  expect_exit 3 "$playhead" backup "$PWD/cold" --data_dir=nothing
  expect_exit 3 "$playhead" verify --data_dir=nothing
  expect_exit 3 "$playhead" verify nothing
  expect_exit 3 "$playhead" restore nothing restored
  [[ ! -e nothing ]] || die "a store was made"
}

test_findings_are_lines_and_an_exit_code() {
  start_with_events
  expect_exit 0 "$playhead" backup nightly
  stop_broker
  local file
  for file in backups/nightly/shared_checksum/*; do printf x | dd of="$file" bs=1 seek=9 conv=notrunc status=none; done
  expect_exit 7 "$playhead" verify backups/nightly
  expect_match "$out" "FILE *shared_checksum/*which point 1 needs*"
  expect_error DATA_LOSS
  expect_exit 7 "$playhead" restore backups/nightly restored
  expect_exit 7 "$playhead" verify backups/nightly --json
  expect_match "$out" '{"finding":"FILE","instance":"",*"what":"*shared_checksum*'
}

test_a_live_store_and_a_full_folder_are_left_alone() {
  start_with_events
  expect_exit 1 "$playhead" verify --data_dir=data
  expect_match "$err" "*in use by a broker*"
  expect_exit 0 "$playhead" backup nightly
  expect_exit 1 "$playhead" restore backups/nightly data
  expect_match "$err" "*not empty*nothing was changed*"
  expect_exit 0 "$playhead" fetch bot --after=99
}

test_a_kill_in_the_midst_of_a_backup_leaves_the_points_before_it_and_is_cleared_away() {
  start_with_events
  expect_exit 0 "$playhead" backup nightly
  for _ in 1 2 3; do "$playhead" append bulk --type=t <"$corpus" >stdout.txt; done
  "$playhead" backup nightly --rate=10KiB >slow.txt 2>&1 &
  local slow=$!
  # It is in its midst once it has begun the second point's folder.
  timeout 600 bash -c 'until [[ -n $(find backups/nightly/private -path "*2*" -print -quit) ]]; do :; done'
  kill -9 "$broker"
  wait "$broker" || true
  wait "$slow" && die "the backup was said to be made"
  expect_exit 0 "$playhead" verify backups/nightly
  expect_match "$out" "Intact: *"
  expect_exit 0 "$playhead" restore backups/nightly before
  start_broker --backup_dir="$PWD/backups"
  expect_exit 0 "$playhead" backup nightly --rate=0
  expect_match "$out" "*2 points can be restored."
  expect_exit 0 "$playhead" verify backups/nightly
  expect_match "$out" "Intact: *"
  expect_eq "$(find backups/nightly -name '*tmp*')" ""
  expect_exit 0 "$playhead" restore backups/nightly after
  expect_exit 0 "$playhead" verify --data_dir=after
  expect_match "$out" "*4,1?? events*"  # The corpus once: what is stored is not stored again.
}

test_ctrl_c_calls_a_backup_off() {
  start_with_events
  for _ in 1 2 3; do "$playhead" append bulk --type=t <"$corpus" >stdout.txt; done
  "$playhead" backup nightly --rate=10KiB >slow.txt 2>&1 &
  local slow=$! code=0
  timeout 600 bash -c 'until [[ -n $(find backups/nightly/private -mindepth 1 -print -quit 2>/dev/null) ]]; do :; done'
  kill -INT "$slow"
  wait "$slow" || code=$?
  expect_eq $code 130
  # The broker has heard of it when it takes the next.
  timeout 600 bash -c 'until "$0" backup nightly --rate=0 >stdout.txt 2>stderr.txt; do :; done' "$playhead"
  expect_match "$(<stdout.txt)" "*1 point can be restored."
}

run_tests "$@"
