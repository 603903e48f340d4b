#!/usr/bin/env bash
# Webhooks as a user tries them: curl, openssl, and a broker that is killed in between.
set -euo pipefail
# shellcheck source=tests/cli/shell_test.sh
source tests/cli/shell_test.sh

# A broker that takes webhooks, at $http.
start_webhook_broker() {
  (umask 077 && echo my-token >token)
  mkfifo ready 2>/dev/null || true
  "$playhead" serve --data_dir=data --grpc_listen=127.0.0.1:0 --http_listen=127.0.0.1:0 \
    --webhook_verify_token_file=token >ready 2>>broker.log &
  broker=$!
  local line
  read -r line <ready || die "the broker did not start: $(<broker.log)"
  http=${line##*http=}
  line=${line#ready grpc=}
  PLAYHEAD_TARGET=${line%% *}
  export PLAYHEAD_TARGET
}

# expect_post STATUS NUMBER SECRET: sends message NUMBER, signed.
expect_post() {
  local body signature
  body='{"entry":[{"id":"7","changes":[{"field":"messages","value":{"metadata":{"phone_number_id":"1001"},'
  body+='"messages":[{"id":"wamid.'$2'","from":"49"}]}}]}]}'
  signature=$(printf %s "$body" | openssl dgst -sha256 -hmac "$3" -r | cut -d' ' -f1)
  expect_eq "$(curl -s -o answer -w '%{http_code}' -H "X-Hub-Signature-256: sha256=$signature" --data-binary "$body" \
    "http://$http/webhook")" "$1"
}

test_the_handshake_echoes_the_challenge() {
  start_webhook_broker
  local query="hub.mode=subscribe&hub.challenge=42&hub.verify_token"
  expect_eq "$(curl -s "http://$http/webhook?$query=my-token")" 42
  expect_eq "$(curl -s -o answer -w '%{http_code}' "http://$http/webhook?$query=other")" 403
}

test_what_was_answered_200_survives_a_kill_and_comes_once() {
  start_webhook_broker
  expect_post 503 0 app-secret
  echo app-secret | expect_exit 0 "$playhead" webhook secret --all --secret_file=-
  expect_post 401 0 wrong
  for i in 1 2 3 4 5; do expect_post 200 $i app-secret; done
  kill -9 "$broker"
  wait "$broker" || true
  start_webhook_broker
  for i in 5 4 3 6; do expect_post 200 $i app-secret; done
  expect_eq "$("$playhead" fetch 1001 --json | grep -c wamid)" 6
  expect_exit 0 "$playhead" find 1001 wamid.4
  expect_match "$out" "*message.received*"
  expect_exit 3 "$playhead" find 1001 wamid.9
  if grep -rq app-secret data broker.log; then die "the secret can be read"; fi
}

test_secrets_are_listed_and_deleted() {
  start_webhook_broker
  echo app-secret >file
  expect_exit 0 "$playhead" webhook secret 1001 --secret_file=file
  expect_exit 0 "$playhead" webhook secrets --json
  expect_match "$out" '{"instance":"1001","set_at":"*"}'
  expect_post 200 1 app-secret
  expect_exit 0 "$playhead" webhook secret 1001 --delete
  expect_post 503 2 app-secret
  expect_exit 2 "$playhead" webhook secret 1001
  expect_exit 2 "$playhead" webhook secret --secret_file=file
}

run_tests "$@"
