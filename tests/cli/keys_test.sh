#!/usr/bin/env bash
# Keys as the command line has them.
set -euo pipefail
# shellcheck source=tests/cli/shell_test.sh
source tests/cli/shell_test.sh

# start_closed_broker: a broker whose administrator's secret is in $admin.
start_closed_broker() {
  admin=$(head -c 32 /dev/urandom | base64 -w 0)
  (umask 077 && echo "$admin" >admin.secret)
  start_broker --admin_secret_file=admin.secret
}

test_a_key_opens_what_it_covers_and_nothing_else() {
  start_closed_broker
  expect_exit 8 "$playhead" append bot --type=t < <(echo one)
  expect_error UNAUTHENTICATED
  expect_exit 0 env PLAYHEAD_KEY="$admin" "$playhead" keys create crm --allow=append,subscribe --instances='bot*,other' --json
  expect_eq "$(jq -c 'keys' <<<"$out")" '["id","secret"]'
  local id secret
  id=$(jq -r .id <<<"$out")
  secret=$(jq -r .secret <<<"$out")
  export PLAYHEAD_KEY=$secret
  expect_exit 0 "$playhead" append bot-1 --type=t < <(echo one)
  expect_exit 0 "$playhead" fetch bot-1 --json
  expect_exit 8 "$playhead" append foreign --type=t < <(echo one)
  expect_error PERMISSION_DENIED
  expect_exit 8 "$playhead" delete bot-1 --yes
  expect_error PERMISSION_DENIED
  expect_exit 8 "$playhead" keys list
  expect_error PERMISSION_DENIED
  # The first key does not shut out the administrator, and its secret is nowhere to be seen.
  expect_exit 0 env PLAYHEAD_KEY="$admin" "$playhead" keys list
  expect_match "$out" "ID *NAME *ALLOW *INSTANCES *EXPIRES *STATE*$id  crm *append,subscribe  bot\*,other  never *active"
  expect_exit 0 "$playhead" tail --help
  [[ $out != *"$secret"* ]] || die "the help shows the key"
  ! grep -rqF -e "${secret#ph_*_}" broker.log data || die "the secret is stored or logged"
}

test_a_key_ends_when_it_is_revoked_and_so_does_its_stream() {
  start_closed_broker
  export PLAYHEAD_KEY=$admin
  expect_exit 0 "$playhead" keys create reader --allow=append,subscribe --instances='*' --json
  local id secret code=0
  id=$(jq -r .id <<<"$out")
  secret=$(jq -r .secret <<<"$out")
  echo one | PLAYHEAD_KEY=$secret "$playhead" append bot --type=t
  PLAYHEAD_KEY=$secret timeout 600 "$playhead" tail bot --from=beginning --json >events.ndjson 2>tail.log &
  local tail=$!
  await_lines events.ndjson 1
  expect_exit 0 "$playhead" keys revoke "$id"
  expect_eq "$out" "Revoked $id (reader)."
  wait $tail || code=$?
  expect_eq $code 8
  expect_match "$(<tail.log)" "playhead: KEY_REVOKED: *"
  expect_exit 8 env PLAYHEAD_KEY="$secret" "$playhead" instances
  expect_error KEY_REVOKED
  expect_exit 0 "$playhead" keys list --json
  expect_eq "$(jq -c '[.id, .name, .state, .allow, .instances, (.revoked_at != null)]' <<<"$out")" \
    "[\"$id\",\"reader\",\"revoked\",[\"append\",\"subscribe\"],[\"*\"],true]"
  expect_exit 3 "$playhead" keys revoke k0000000000zz
  expect_error KEY_NOT_FOUND
}

test_a_rotated_key_has_two_secrets_for_a_while() {
  start_closed_broker
  export PLAYHEAD_KEY=$admin
  expect_exit 0 "$playhead" keys create writer --allow=append --instances=bot --expires=2099-01-31T00:00:00Z \
    --quota_events_per_second=1000 --quota_bytes_per_second=1MiB --quota_streams=3 --quota_instances=2 --json
  local id first second third
  id=$(jq -r .id <<<"$out")
  first=$(jq -r .secret <<<"$out")
  expect_exit 0 "$playhead" keys list --json
  expect_eq "$(jq -c '[.expires_at, .quotas]' <<<"$out")" '["2099-01-31T00:00:00.000000Z",{"append_events_per_second":1000,"append_bytes_per_second":1048576,"streams_max":3,"instances_max":2}]'
  expect_exit 0 "$playhead" keys rotate "$id" --json
  second=$(jq -r .secret <<<"$out")
  local secret
  for secret in "$first" "$second"; do
    expect_exit 0 env PLAYHEAD_KEY="$secret" "$playhead" append bot --type=t < <(echo one)
  done
  expect_exit 0 "$playhead" keys list
  expect_match "$out" "*2099-01-31T00:00:00Z  active, old secret until 20*"
  expect_exit 0 "$playhead" keys rotate "$id" --grace=0 --expires=never
  third=$(sed -n 2p <<<"$out" | tr -d ' ')
  expect_exit 8 env PLAYHEAD_KEY="$second" "$playhead" append bot --type=t < <(echo one)
  expect_exit 0 env PLAYHEAD_KEY="$third" "$playhead" append bot --type=t < <(echo one)
  expect_exit 0 "$playhead" keys list
  expect_match "$out" "*append  bot * never  *active"
}

test_what_keys_do_not_take_is_said() {
  start_closed_broker
  export PLAYHEAD_KEY=$admin
  expect_exit 2 "$playhead" keys create x --instances=a
  expect_match "$err" "*--allow=append,subscribe,manage*"
  expect_exit 2 "$playhead" keys create x --allow=append,write --instances=a
  expect_match "$err" '*"write" is not append, subscribe or manage*'
  expect_exit 2 "$playhead" keys create x --allow=append
  expect_match "$err" "*--instances*"
  expect_exit 2 "$playhead" keys create x --allow=append --instances=a --expires=tomorrow
  expect_match "$err" '*--expires: "tomorrow" is not a time*'
  expect_exit 2 "$playhead" keys create x --allow=append --instances='bad name'
  expect_error KEY_INVALID
  expect_exit 2 "$playhead" keys rotate k --grace=31d
  expect_match "$err" "*--grace*"
}

test_keys_and_tls_together_open_a_broker_to_the_network() {
  "$playhead" tls dev-cert tls >/dev/null
  export PLAYHEAD_CA=$PWD/tls/ca.pem
  admin=$(head -c 32 /dev/urandom | base64 -w 0)
  (umask 077 && echo "$admin" >admin.secret)
  "$playhead" serve --data_dir=data --grpc_listen=0.0.0.0:0 --admin_secret_file=admin.secret --tls_cert=tls/cert.pem \
    --tls_key=tls/key.pem >ready.txt 2>broker.log &
  broker=$!
  await_lines ready.txt 1
  local port
  port=$(sed 's/.*grpc=[^ ]*:\([0-9]*\).*/\1/' ready.txt)
  expect_exit 0 env PLAYHEAD_KEY="$admin" "$playhead" append bot --type=t --target=localhost:"$port" < <(echo one)
  expect_exit 8 "$playhead" append bot --type=t --target=localhost:"$port" < <(echo one)
  expect_error UNAUTHENTICATED
}

test_a_broker_without_keys_says_that_it_runs_open() {
  start_broker
  expect_match "$(<broker.log)" "*event=open*"
}

run_tests "$@"
