#!/usr/bin/env bash
# The contract of the command line that scripts rely on: exit codes, the ready line, JSON, where flags come from.
set -euo pipefail
# shellcheck source=tests/cli/shell_test.sh
source tests/cli/shell_test.sh

test_serve_prints_one_line_and_ends_well_on_sigterm() {
  "$playhead" serve --data_dir=data --grpc_listen=127.0.0.1:0 >ready.txt 2>broker.log &
  broker=$!
  await_lines ready.txt 1
  stop_broker
  expect_match "$(<ready.txt)" "ready grpc=127.0.0.1:*"
}

test_a_stop_leaves_nothing_for_the_next_start_to_read_again() {
  start_broker
  head -c 1500000 /dev/urandom | base64 -w 60000 | sed 's/.*/"&"/' | "$playhead" append bot --type=t
  local before after
  before=$(cat data/*.log | wc -c)
  expect_eq $((before > 1000000)) 1
  stop_broker
  after=$(cat data/*.log | wc -c)
  expect_eq $((after < 100000)) 1
}

# The limit of the broker's core dumps, as /proc has it: "0" or another; and what of its memory one has.
core_limit() {
  sed -n 's/^Max core file size *\([^ ]*\) .*/\1/p' "/proc/$broker/limits"
}
core_filter() {
  cat "/proc/$broker/coredump_filter"
}

test_a_crash_writes_no_core_dump_unless_it_is_told_to() {
  start_broker
  expect_eq "$(core_limit)" 0
  expect_eq "$(core_filter)" 00000000
  stop_broker
  ulimit -S -c "$(ulimit -H -c)"
  [[ $(ulimit -c) != 0 ]] || return 0  # Nobody here may write any.
  start_broker
  expect_eq "$(core_limit)" 0
  kill -SEGV "$broker"
  wait "$broker" || true
  expect_eq "$(find . -name 'core*')" ""
  start_broker --core_dumps
  [[ $(core_limit) != 0 ]] || die "--core_dumps changes nothing"
  [[ $(core_filter) != 00000000 ]] || die "--core_dumps has no memory in them"
  kill -SEGV "$broker"
  wait "$broker" || true
  broker=
  # Elsewhere the system puts them where nobody finds them from here.
  [[ $(</proc/sys/kernel/core_pattern) != core* ]] || [[ -n $(find . -name 'core*') ]] || die "a crash wrote none"
}

test_serve_says_that_a_weaker_durability_is_set() {
  start_broker --durability=os
  expect_match "$(<broker.log)" "*level=warn*event=weak_durability*"
}

test_serve_refuses_a_folder_that_is_in_use() {
  start_broker
  expect_exit 1 timeout 200 "$playhead" serve --data_dir=data --grpc_listen=127.0.0.1:0
  expect_eq "$out" ""
}

test_serve_needs_a_folder() {
  expect_exit 2 "$playhead" serve --grpc_listen=127.0.0.1:0
  expect_error USAGE
}

test_an_unknown_command_is_refused() {
  expect_exit 2 "$playhead" nonsense
  expect_error USAGE
}

test_an_unknown_flag_is_refused_wherever_it_stands() {
  expect_exit 2 "$playhead" serve --data_dri=x
  expect_error USAGE
  expect_exit 2 env PLAYHEAD_DATA_DRI=x "$playhead" serve --data_dir=x
  expect_error USAGE
  echo "data_dri=x" >flags.txt
  expect_exit 2 "$playhead" serve --flagfile=flags.txt
  expect_error USAGE
  expect_match "$err" "*flags.txt:1*"
}

test_kubernetes_variables_are_not_taken_for_flags() {
  expect_exit 0 env PLAYHEAD_PORT=tcp://10.0.0.1:50051 PLAYHEAD_SERVICE_HOST=10.0.0.1 "$playhead" tail x --count=0
}

test_the_command_line_wins_then_the_environment_then_the_file() {
  start_broker
  local dead=127.0.0.1:1 live=$PLAYHEAD_TARGET
  printf '# Where the broker is.\ntimeout=300ms\n--target=%s\n' $dead >dead.txt
  printf 'target=%s\n' "$live" >live.txt
  unset PLAYHEAD_TARGET
  expect_exit 4 "$playhead" instances --timeout=300ms --target=$dead
  expect_exit 4 "$playhead" instances --flagfile=dead.txt
  expect_exit 0 "$playhead" instances --flagfile=live.txt
  expect_exit 0 env PLAYHEAD_TARGET="$live" "$playhead" instances --flagfile=dead.txt --timeout=30s
  expect_exit 0 env PLAYHEAD_TARGET=$dead "$playhead" instances --flagfile=dead.txt --target="$live" --timeout=30s
  expect_exit 4 env PLAYHEAD_TARGET="$live" "$playhead" instances --timeout=300ms --target=$dead
  expect_exit 0 env PLAYHEAD_FLAGFILE=live.txt "$playhead" instances
}

test_bad_values_say_what_is_allowed() {
  expect_exit 2 "$playhead" serve --data_dir=x --durability=maybe
  expect_match "$err" "*--durability*disk or os*"
  expect_exit 2 "$playhead" serve --data_dir=x --event_bytes_max=4MiB
  expect_match "$err" "*from 1 to 3MiB*"
  expect_exit 2 "$playhead" tail x --from=yesterday
  expect_match "$err" "*beginning*now*"
}

test_an_upstream_gap_is_recorded_and_shown() {
  start_broker
  expect_exit 0 "$playhead" append bot --type=t <<<first
  expect_exit 0 "$playhead" append bot --upstream_gap=2026-01-31T12:00:00Z/2026-01-31T12:05:00Z --reason="phone off"
  expect_eq "$out" "Recorded that the source of bot was down for 5m, at cursor 2."
  expect_exit 0 "$playhead" append other --upstream_gap=2026-01-31T12:00:00Z/2026-02-02T13:05:31.8Z
  expect_eq "$out" "Recorded that the source of other was down for 2d1h, at cursor 1."
  expect_exit 0 "$playhead" append other --upstream_gap=2026-01-31T12:00:00Z/2026-01-31T12:05:31.8Z
  expect_eq "$out" "Recorded that the source of other was down for 5m31s, at cursor 2."
  expect_exit 0 "$playhead" tail bot --from=beginning --count=2
  expect_match "$out" "*-- gap in bot at cursor 2: its source was down from 2026-01-31T12:00:00*: phone off*"
  expect_exit 0 "$playhead" tail bot --from=beginning --count=2 --json
  expect_match "$out" '*"playhead.upstream_gap"*"from*'
  expect_exit 2 "$playhead" append bot --upstream_gap=yesterday
  expect_error USAGE
  expect_exit 2 "$playhead" append bot --upstream_gap=2026-01-31T12:05:00Z/2026-01-31T12:00:00Z
  expect_error EVENT_INVALID
}

test_every_command_explains_itself() {
  expect_exit 0 "$playhead" --help
  local command count=0 listed
  listed=$(sed -n '/^Commands:/,/^$/p' stdout.txt | grep -c '^  ')
  while read -r command; do
    count=$((count + 1))
    # shellcheck disable=SC2086  # Some names are two words.
    expect_exit 0 "$playhead" $command --help
    expect_match "$out" "playhead $command - *Usage: playhead $command*--help*"
  done < <(sed -n '/^Commands:/,/^$/s/^  \([a-z -]*[a-z]\)  *[A-Z].*/\1/p' stdout.txt)
  expect_eq $count "$listed"
}

test_the_list_of_commands_has_two_columns() {
  expect_exit 0 "$playhead" --help
  expect_eq "$(sed -n '/^Commands:/,/^$/s/^\(  [a-z -]*[a-z]  *\)[A-Z].*/\1/p' stdout.txt | awk '{print length}' | sort -u | wc -l)" 1
}

test_help_is_asked_for_in_either_order() {
  expect_exit 0 "$playhead" append --help
  local other=$out
  expect_exit 0 "$playhead" help append
  expect_eq "$out" "$other"
  expect_exit 0 "$playhead" help bench append
  expect_match "$out" "playhead bench append - *"
  expect_exit 0 "$playhead" help bench
  expect_match "$out" "*bench append *bench replay *"
  expect_exit 2 "$playhead" help nonsense
  expect_error USAGE
}

test_the_version_is_one_line() {
  expect_exit 0 "$playhead" --version
  expect_match "$out" "playhead [0-9]*.[0-9]*.[0-9]* (store format [0-9]*, RocksDB [0-9]*.[0-9]*.[0-9]*, gRPC [0-9]*.[0-9]*)"
  expect_eq "$(wc -l <stdout.txt)" 1
  local other=$out
  expect_exit 0 "$playhead" version
  expect_eq "$out" "$other"
  start_broker
  expect_match "$(<broker.log)" "*event=version playhead=[0-9]*.[0-9]*.[0-9]* store_format=[0-9]*"
}

test_a_group_of_commands_says_what_is_in_it() {
  expect_exit 0 "$playhead" bench --help
  expect_match "$out" "*bench append *bench replay *"
  expect_exit 2 "$playhead" bench
  expect_match "$err" "*bench append *bench replay *"
  expect_exit 2 "$playhead" bench nonsense
  expect_error USAGE
}

test_exit_codes_tell_errors_apart() {
  start_broker
  expect_exit 0 "$playhead" append bot --type=t < <(echo one)
  expect_exit 2 "$playhead" append 'bad name' --type=t < <(echo one)
  expect_error INSTANCE_NAME_INVALID
  expect_exit 3 "$playhead" delete nobody --yes
  expect_error INSTANCE_NOT_FOUND
  expect_exit 4 "$playhead" instances --target=127.0.0.1:1 --timeout=5s
  expect_match "$err" "playhead: UNAVAILABLE: *"
  expect_exit 5 "$playhead" fetch bot --after=1000
  expect_error CURSOR_DIVERGED
  expect_exit 5 "$playhead" tail bot --after=1000
  expect_error CURSOR_DIVERGED
  expect_exit 0 "$playhead" append bot --type=t --producer=p < <(echo first)
  expect_exit 6 "$playhead" append bot --type=t --producer=p < <(echo other)
  expect_error ID_CONFLICT
  expect_exit 1 bash -c "'$playhead' fetch bot >/dev/full"
  expect_error FAILED
}

test_what_may_be_retried_is_one_exit_code_and_a_full_house_another() {
  start_broker --consumers_max=1
  expect_exit 0 "$playhead" append bot --type=t < <(echo one)
  "$playhead" consume crm --instance=bot >consumed.ndjson 2>&1 &
  local holder=$!
  await_lines consumed.ndjson 1
  expect_exit 4 timeout 200 "$playhead" consume crm --count=1 --max_attempts=1
  expect_match "$err" "*playhead: CONSUMER_BUSY: *"
  expect_exit 1 "$playhead" consumers create other --instance=bot
  expect_error CONSUMERS_LIMIT
  kill -INT $holder
  wait $holder
}

test_delete_needs_consent() {
  start_broker
  echo x | "$playhead" append bot --type=t
  expect_exit 2 "$playhead" delete bot </dev/null
  expect_error USAGE
  expect_exit 0 "$playhead" delete bot --yes --json
  expect_eq "$out" '{"name":"bot","deleted":true,"event_count":1}'
  expect_exit 0 "$playhead" instances --json
  expect_eq "$(jq -r .name <<<"$out")" playhead.audit  # Where the deletion is on record.
}

test_json_has_numbers_for_cursors_and_says_how_a_payload_is_written() {
  start_broker
  printf '%s\n' '{"a": [1, 2]}' 'plain' '"text"' '12345678901234567890123' $'\xff\x01' | "$playhead" append bot --type=t
  expect_exit 0 "$playhead" fetch bot --json
  expect_eq "$(jq -c '[.instance, .cursor, .type, .data, .data_base64]' <<<"$out" | head -n 3)" \
    '["bot",1,"t",{"a":[1,2]},null]
["bot",2,"t",null,"cGxhaW4="]
["bot",3,"t","text",null]'
  expect_match "$(sed -n 1p <<<"$out")" '*"data":{"a": \[1, 2\]}}'
  expect_match "$(sed -n 4p <<<"$out")" '*"data":12345678901234567890123}'
  expect_match "$(sed -n 5p <<<"$out")" '*"data_base64":"/wE="}'
  expect_exit 0 "$playhead" instances --json
  expect_eq "$(jq -c '[.name, .first_cursor, .head_cursor, .event_count]' <<<"$out")" '["bot",1,5,5]'
}

test_events_printed_as_json_can_be_appended_again() {
  start_broker
  cat >events.ndjson <<'EVENTS'
{"instance":"a","type":"x","id":"1","created_at":"2026-01-02T03:04:05.000006Z","attributes":{"k":"v","l":"ü"},"data":{"n": 1.0, "s":"é\u00e9"}}
{"instance":"b","type":"y","data_base64":"AAEC"}
{"instance":"a","type":"z","data":null}
EVENTS
  "$playhead" append --ndjson <events.ndjson
  "$playhead" fetch a --json | "$playhead" append c --ndjson
  expect_eq "$("$playhead" fetch c --json | sed 's/"instance":"c",//; s/"appended_at":"[^"]*",//')" \
    "$("$playhead" fetch a --json | sed 's/"instance":"a",//; s/"appended_at":"[^"]*",//')"
  expect_match "$("$playhead" fetch a --json --limit=1)" '*"created_at":"2026-01-02T03:04:05.000006Z"*"data":{"n": 1.0, "s":"é\\u00e9"}}'
  expect_exit 2 "$playhead" append --ndjson < <(echo '{"type":"x"}')
  expect_match "$err" "*line 1: *"
}

append_corpus() {
  "$playhead" append --type=webhook --instance_at=/entry/0/changes/0/value/metadata/phone_number_id "$@"
}

test_foreign_json_is_spread_over_instances_byte_for_byte() {
  start_broker
  head -n 1000 "$corpus" >bodies.ndjson
  expect_exit 0 append_corpus --input=bodies.ndjson
  expect_eq "$out" "Appended 1,000 events to 50 instances."
  "$playhead" instances --json | jq -r .name | while read -r name; do "$playhead" fetch "$name" --limit=0 --json; done |
    sed 's/^.*"appended_at":"[^"]*","data"://; s/}$//' | sort >arrived
  sort bodies.ndjson | cmp - arrived
}

test_a_file_is_appended_once_however_often_it_is_appended() {
  start_broker
  head -n 100 "$corpus" >bodies.ndjson
  append_corpus --input=bodies.ndjson
  expect_exit 0 append_corpus <bodies.ndjson
  expect_match "$out" "Appended 0 events to * instances; 100 were there already."
  # What was added to the file meanwhile is appended.
  head -n 120 "$corpus" | tail -n 20 >>bodies.ndjson
  expect_exit 0 append_corpus --input=bodies.ndjson
  expect_match "$out" "Appended 20 events to * instances; 100 were there already."
}

test_a_pipe_with_a_producer_is_appended_once() {
  start_broker
  head -n 50 "$corpus" | append_corpus --producer=importer
  expect_match "$(head -n 60 "$corpus" | append_corpus --producer=importer)" "Appended 10 events *; 50 were there already."
  # Without a name a pipe is new each time.
  expect_match "$(head -n 50 "$corpus" | append_corpus)" "Appended 50 events *"
}

test_an_interrupted_append_is_completed_by_running_it_again() {
  start_broker
  seq 1 4000 >numbers.txt
  "$playhead" append bot --type=n --input=numbers.txt --rate=100 >/dev/null 2>append.log &
  local appender=$! code=0
  "$playhead" tail bot --from=beginning --count=50 >/dev/null
  kill -INT $appender
  wait $appender || code=$?
  expect_eq $code 130
  expect_match "$(<append.log)" "playhead: INTERRUPTED: *"
  "$playhead" append bot --type=n --input=numbers.txt
  "$playhead" fetch bot --limit=0 --json | jq -r .data | cmp - numbers.txt
}

test_an_interrupted_pipe_is_told_what_is_appended() {
  start_broker
  mkfifo numbers
  local appender code=0
  "$playhead" append bot --type=n <numbers >/dev/null 2>append.log &
  appender=$!
  exec 5>numbers
  seq 1 3 >&5
  "$playhead" tail bot --from=beginning --count=3 >/dev/null
  kill -INT $appender
  wait $appender || code=$?
  exec 5>&-
  expect_eq $code 130
  expect_match "$(<append.log)" "playhead: INTERRUPTED: interrupted; 3 lines are known to be appended*again*--producer*"
  code=0
  "$playhead" append bot --type=n --producer=p <numbers >/dev/null 2>append.log &
  appender=$!
  exec 5>numbers
  seq 4 5 >&5
  "$playhead" tail bot --after=3 --count=2 >/dev/null
  kill -INT $appender
  wait $appender || code=$?
  exec 5>&-
  expect_match "$(<append.log)" "playhead: INTERRUPTED: *run the same command again*"
}

test_the_error_names_the_line() {
  start_broker
  expect_exit 2 append_corpus < <(head -n 2 "$corpus"; echo '{"other":1}')
  expect_match "$err" "playhead: USAGE: line 3: *"
}

test_tail_counts_and_resumes_from_its_cursor_folder() {
  start_broker
  seq 1 10 | "$playhead" append bot --type=n
  expect_eq "$("$playhead" tail bot --from=beginning --count=4 --json --cursor_dir=cursors | jq -c .cursor | xargs)" "1 2 3 4"
  expect_eq "$("$playhead" tail bot --from=beginning --count=3 --json --cursor_dir=cursors | jq -c .cursor | xargs)" "5 6 7"
  expect_eq "$("$playhead" tail bot --after=8 --count=1 --json | jq .cursor)" 9
}

test_tail_of_many_goes_on_behind_its_position() {
  start_broker
  for i in 1 2 3; do echo "$i" | "$playhead" append bot-a --type=n >/dev/null; echo "$i" | "$playhead" append bot-b --type=n >/dev/null; done
  echo 9 | "$playhead" append other --type=n >/dev/null
  expect_eq "$("$playhead" tail --prefix=bot- --from=beginning --count=4 --json 2>said | jq -c '[.instance, .cursor]' | xargs)" \
    "[bot-a,1] [bot-b,1] [bot-a,2] [bot-b,2]"
  local position
  position=$(sed -n 's/.*--position=//p' said)
  expect_eq "$("$playhead" tail --prefix=bot- --position="$position" --count=2 --json 2>/dev/null | jq -c '[.instance, .cursor]' | xargs)" \
    "[bot-a,3] [bot-b,3]"
  expect_eq "$("$playhead" tail bot-b other --position="$position" --count=2 --json 2>/dev/null | jq -c '[.instance, .cursor]' | xargs)" \
    "[bot-b,3] [other,1]"
  expect_eq "$("$playhead" tail --all --from=beginning --count=7 --json 2>/dev/null | wc -l)" 7
  expect_exit 2 "$playhead" tail --all --prefix=bot-
  expect_exit 2 "$playhead" tail --all --position=17 --max_attempts=1
  expect_error POSITION_INVALID
}

test_tail_of_many_gets_on_however_small_the_count() {
  start_broker
  seq 1 300 | "$playhead" append bot-a --type=n
  seq 1 200 | "$playhead" append bot-b --type=n
  local position start=--from=beginning printed=0
  for _ in {1..500}; do
    "$playhead" tail --all "$start" --count=1 --json >>events.ndjson 2>said
    (($(wc -l <events.ndjson) > printed)) || die "nothing was printed"
    printed=$(wc -l <events.ndjson)
    position=$(sed -n 's/.*--position=//p' said)
    start=--position=$position
    ((printed < 500)) || break
  done
  expect_eq "$(jq -c '[.instance, .cursor]' events.ndjson | sort -u | wc -l)" 500
  expect_eq "$printed" 500
}

test_tail_filters_types() {
  start_broker
  for type in message.text status message.image other; do echo x | "$playhead" append bot --type=$type >/dev/null; done
  expect_eq "$("$playhead" tail bot --from=beginning --types='message.*,other' --count=3 --json | jq -c .cursor | xargs)" "1 3 4"
}

test_reads_filter_by_the_beginning_of_ids() {
  start_broker
  for id in wamid.1 wamid.2 wamid.1:read; do echo "{\"type\":\"t\",\"id\":\"$id\",\"data\":1}"; done | "$playhead" append bot --ndjson >/dev/null
  expect_eq "$("$playhead" fetch bot --id_prefix=wamid.1 --reverse --json | jq -c .cursor | xargs)" "3 1"
  expect_eq "$("$playhead" tail bot --from=beginning --id_prefix=wamid.2 --count=1 --json | jq -c .cursor | xargs)" "2"
}

test_tail_follows_several_instances_across_a_restart_of_the_broker() {
  start_broker
  "$playhead" tail a b --from=beginning --json >events.ndjson 2>tail.log &
  local tail=$!
  echo 1 | "$playhead" append a --type=t
  echo 2 | "$playhead" append b --type=t
  await_lines events.ndjson 2
  kill -9 "$broker"
  wait "$broker" || true
  rm ready
  start_broker --grpc_listen="$PLAYHEAD_TARGET"
  echo 3 | "$playhead" append a --type=t
  await_lines events.ndjson 3
  kill -INT $tail
  wait $tail
  expect_eq "$(jq -c '[.instance, .cursor, .data]' events.ndjson | sort | xargs)" "[a,1,1] [a,2,3] [b,1,2]"
  expect_match "$(<tail.log)" "playhead: reconnecting: UNAVAILABLE*"
}

test_tail_ends_well_when_its_reader_goes() {
  start_broker
  append_corpus --input="$corpus"
  local busiest
  busiest=$("$playhead" instances --json | jq -s -r 'max_by(.event_count).name')
  expect_eq "$("$playhead" tail "$busiest" --from=beginning --json | head -n 1 | jq .cursor)" 1
}

test_tail_notices_that_its_reader_went_while_nothing_happens() {
  start_broker
  echo x | "$playhead" append bot --type=t
  expect_eq "$("$playhead" tail bot --from=beginning --json | head -n 1 | jq .cursor)" 1
}

test_fetch_pages_forwards_and_backwards() {
  start_broker
  seq 1 12000 | "$playhead" append bot --type=n
  expect_eq "$("$playhead" fetch bot --limit=0 --json | jq -s -c '[length, .[0].cursor, .[-1].cursor]')" "[12000,1,12000]"
  expect_eq "$("$playhead" fetch bot --json | wc -l)" 100
  expect_eq "$("$playhead" fetch bot --after=10 --until=12 --json | jq -c .cursor | xargs)" "11 12"
  expect_eq "$("$playhead" fetch bot --reverse --limit=3 --json | jq -c .cursor | xargs)" "12000 11999 11998"
  expect_eq "$("$playhead" fetch bot --reverse --limit=0 --json | jq -s -c '[length, .[0].cursor, .[-1].cursor]')" "[12000,12000,1]"
}

test_output_is_plain_in_a_pipe_and_harmless_on_a_terminal() {
  start_broker
  printf 'a\033]0;title\007b\n' | "$playhead" append bot --type=t
  expect_match "$("$playhead" fetch bot)" '*a\\x1b]0;title\\x07b'
  unset NO_COLOR
  local on_terminal
  on_terminal=$(TERM=xterm script -qec "stty cols 60; $playhead fetch bot --target=$PLAYHEAD_TARGET" /dev/null)
  expect_match "$on_terminal" $'*\033\\[*'
  [[ $on_terminal != *$'\033]'* ]] || die "an escape sequence of the payload got through"
  on_terminal=$(NO_COLOR=1 TERM=xterm script -qec "stty cols 60; $playhead fetch bot --target=$PLAYHEAD_TARGET" /dev/null)
  [[ $on_terminal != *$'\033'* ]] || die "colours in spite of NO_COLOR"
}

test_benchmarks_run_and_speak_json() {
  start_broker
  expect_exit 0 "$playhead" bench limits --dir=. --seconds=1 --events=10000 --json
  expect_eq "$(jq -s -c 'map(has("syncs_per_second") or .events_per_second > 0) | all' <<<"$out")" true
  expect_exit 0 "$playhead" bench append --events=10000 --instances=3 --streams=2 --json
  expect_eq "$(jq '.events' <<<"$out")" 10000
  expect_exit 0 "$playhead" bench append --batch=1 --inflight=1 --events=100 --json
  expect_eq "$(jq '.events' <<<"$out")" 100
  expect_exit 0 "$playhead" bench replay --json
  expect_exit 0 "$playhead" bench latency --rate=500 --seconds=1 --warmup_seconds=0 --json
  expect_eq "$(jq '.events' <<<"$out")" 500
  expect_exit 0 "$playhead" bench fanout --subscribers=5 --events=5000 --json
  expect_eq "$(jq '.deliveries_per_second > 0' <<<"$out")" true
}

run_tests "$@"
