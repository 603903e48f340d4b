#!/usr/bin/env bash
# TLS as the command line has it, and keys on their way.
set -euo pipefail
# shellcheck source=tests/cli/shell_test.sh
source tests/cli/shell_test.sh

# start_tls_broker: a broker that speaks TLS; clients find it, and what to trust, in the environment.
start_tls_broker() {
  "$playhead" tls dev-cert tls >/dev/null
  start_broker --tls_cert=tls/cert.pem --tls_key=tls/key.pem
  export PLAYHEAD_CA=$PWD/tls/ca.pem
}

test_a_certificate_for_local_use_is_made_renewed_and_never_put_over_anothers() {
  expect_exit 0 "$playhead" tls dev-cert tls --host=broker.local --host=10.1.2.3
  expect_match "$out" "Made tls/cert.pem*--tls_cert=tls/cert.pem --tls_key=tls/key.pem*--ca=tls/ca.pem*GRPC_DEFAULT_SSL_ROOTS_FILE_PATH=tls/ca.pem"
  expect_eq "$(stat -c %a tls/key.pem tls/ca-key.pem tls/cert.pem tls/ca.pem | xargs)" "600 600 644 644"
  local name
  for name in localhost broker.local; do
    expect_exit 0 openssl verify -x509_strict -purpose sslserver -CAfile tls/ca.pem -verify_hostname $name tls/cert.pem
  done
  for name in 127.0.0.1 ::1 10.1.2.3; do
    expect_exit 0 openssl verify -x509_strict -purpose sslserver -CAfile tls/ca.pem -verify_ip $name tls/cert.pem
  done
  cp -r tls before
  expect_exit 0 "$playhead" tls dev-cert tls
  expect_match "$out" "Renewed tls/cert.pem*"
  cmp tls/ca.pem before/ca.pem
  ! cmp -s tls/key.pem before/key.pem || die "the key was not renewed"
  # Anything there that it did not make is left as it is.
  mkdir other
  echo mine >other/key.pem
  expect_exit 1 "$playhead" tls dev-cert other
  expect_match "$err" "*other/key.pem was not made by this command*"
  expect_eq "$(ls other)$(<other/key.pem)" "key.pemmine"
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=other -keyout key -out cert 2>/dev/null
  cp cert tls/cert.pem
  expect_exit 1 "$playhead" tls dev-cert tls
  expect_match "$err" "*tls/cert.pem was not made by this command*"
  cmp cert tls/cert.pem
  expect_exit 2 "$playhead" tls dev-cert empty --host=
}

test_clients_reach_a_broker_over_tls_and_say_what_is_wrong_otherwise() {
  start_tls_broker
  expect_exit 0 "$playhead" append bot --type=t < <(echo one)
  expect_exit 0 "$playhead" tail bot --from=beginning --count=1 --json
  expect_eq "$(jq -r .data_base64 <<<"$out" | base64 -d)" one
  expect_exit 4 "$playhead" instances --timeout=10s --ca=
  expect_error UNAVAILABLE
  expect_match "$err" "*it may speak TLS*"
  expect_exit 4 "$playhead" instances --timeout=10s --ca= --tls
  expect_error UNAVAILABLE
  expect_match "$err" "*not from an authority that this client trusts*"
  expect_exit 2 "$playhead" instances --ca=/nonexistent
  expect_match "$err" "*ca_file: cannot read /nonexistent*"
  expect_exit 2 "$playhead" instances --client_cert=tls/cert.pem
  expect_match "$err" "*give both or none*"
  stop_broker
  rm ready
  start_broker
  expect_exit 4 "$playhead" instances --timeout=10s
  expect_error UNAVAILABLE
  expect_match "$err" "*does not speak TLS*"
}

test_a_renewed_certificate_is_served_without_a_restart() {
  start_tls_broker
  expect_exit 0 "$playhead" instances
  "$playhead" tls dev-cert tls >/dev/null
  grep -q -m 1 "event=tls_certificate generation=2" <(timeout 600 tail -n +1 -f broker.log)
  expect_exit 0 "$playhead" instances
  expect_match "$(openssl s_client -connect "$PLAYHEAD_TARGET" -CAfile tls/ca.pem </dev/null 2>/dev/null | openssl x509)" \
    "$(openssl x509 -in tls/cert.pem)"
}

test_serve_refuses_addresses_that_others_reach_unless_guarded() {
  expect_exit 1 "$playhead" serve --data_dir=data --grpc_listen=0.0.0.0:0
  expect_match "$err" "*refusing to listen on 0.0.0.0:0*--tls_cert*--admin_secret_file*"
  "$playhead" tls dev-cert tls >/dev/null
  expect_exit 1 "$playhead" serve --data_dir=data --grpc_listen=0.0.0.0:0 --tls_cert=tls/cert.pem --tls_key=tls/key.pem
  expect_match "$err" "*without a key or --admin_secret_file*"
  expect_exit 1 "$playhead" serve --data_dir=data --grpc_listen=127.0.0.1:0 --tls_cert=tls/ca.pem --tls_key=tls/key.pem
  expect_match "$err" "*tls/key.pem is not the key of*"
}

test_a_key_never_goes_out_in_plain_text_unasked_and_is_never_shown() {
  expect_exit 2 "$playhead" instances --target=192.0.2.1:50051 --key=ph_secret --timeout=100ms
  expect_match "$err" "*the key is not sent to 192.0.2.1:50051 in plain text*"
  [[ $err != *ph_secret* ]] || die "the key is shown"
  expect_exit 4 "$playhead" instances --target=192.0.2.1:50051 --key=ph_secret --timeout=100ms --insecure_send_key
  expect_exit 2 "$playhead" instances --key=$'ph_secret\n' --timeout=100ms
  [[ $err != *ph_secret* ]] || die "the key is shown"
}

run_tests "$@"
