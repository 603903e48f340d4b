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
  expect_exit 0 "$playhead" doctor --grpc_listen=127.0.0.1:0 --data_dir=data --json
  expect_match "$out" '*"subject":"data folder","finding":"data is writable, and nobody else'"'"'s"*'
  expect_match "$out" '*"subject":"disk speed","finding":"a synced write of 4 KiB takes * us*'
  expect_match "$out" '*"severity":"good","code":"OK","subject":"store","finding":"intact: 1 instances, 100 events"*'
  expect_eq "$(find data -name '*doctor*')" ""
}

test_a_store_that_is_open_is_left_to_its_broker() {
  start_broker
  expect_exit 0 "$playhead" doctor --grpc_listen=127.0.0.1:0 --data_dir=data
  expect_match "$out" '*note     store *-> if its broker runs, ask that: playhead verify*'
}

test_of_a_broker_that_runs_its_own_limits_are_looked_at() {
  start_broker --core_dumps
  prlimit --pid "$broker" --nofile=1000:1000 --core=1000:
  expect_exit 0 "$playhead" doctor --grpc_listen="$PLAYHEAD_TARGET" --data_dir=data
  expect_match "$out" "*note     broker *as process $broker (BROKER_RUNS)*"
  expect_match "$out" "*warning  open files *the broker, process $broker, may have 1000 open*(OPEN_FILES_FEW)*"
  expect_match "$out" '*warning  core dumps *(CORE_DUMPS_ALLOWED)*'
  expect_match "$out" '*note     gRPC address *cannot listen on 127.0.0.1:*(LISTEN_IN_USE)*'
  prlimit --pid "$broker" --nofile=100:100
  expect_exit 1 "$playhead" doctor --grpc_listen=127.0.0.1:0 --data_dir=data
  expect_match "$out" '*problem  open files *(OPEN_FILES_TOO_FEW)*'
}

test_what_serve_would_refuse_is_explained_with_the_flags_of_serve() {
  mkdir -m 700 data
  cat >flags <<EOF
data_dir=data
grpc_listen=0.0.0.0:0
append_budget_bytes=1GiB
backup_dir=$PWD/data/backups
skip_verify=true
EOF
  expect_exit 1 env PLAYHEAD_TLS_CERT=none.pem "$playhead" doctor --flagfile=flags --tls_key=none.pem --json
  local code
  for code in SIZES_DO_NOT_FIT BACKUP_DIR_REFUSED TLS_UNFIT LISTEN_REFUSED; do
    expect_match "$out" "*\"severity\":\"problem\",\"code\":\"$code\",*"
  done
  expect_match "$err" 'playhead: FAILED: 4 problems'
  # As serve says it itself, which does not know the doctor's own flag.
  sed -i '/skip_verify/d' flags
  expect_exit 2 "$playhead" serve --flagfile=flags
  expect_match "$out$err" "*append_budget_bytes is 1073741824; it must be less than*"
  expect_eq "$(ls -A data)" ""
}

test_certificates_and_folders_that_fit_are_good() {
  mkdir -m 700 data
  "$playhead" tls dev-cert tls >/dev/null
  (umask 077 && openssl rand -hex 32 >admin)
  expect_exit 0 "$playhead" doctor --data_dir=data --grpc_listen=0.0.0.0:0 --http_listen=127.0.0.1:0 \
    --admin_secret_file=admin --tls_cert=tls/cert.pem --tls_key=tls/key.pem
  expect_match "$out" '*good     TLS *tls/cert.pem and its key fit; it expires at *'
  expect_match "$out" '*good     gRPC address *0.0.0.0:0 is free*'
  expect_match "$out" "*good     administrator's secret *"
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
  expect_exit 7 "$playhead" doctor --grpc_listen=127.0.0.1:0 --data_dir=data
  expect_match "$out" '*problem  store *'
  expect_error DATA_LOSS
}

test_a_store_that_cannot_be_read_is_not_called_damaged() {
  start_broker
  seq 100 | "$playhead" append bot --type=t >stdout.txt
  stop_broker
  mkdir data/999999.log # A file of the write-ahead log of which every read fails, for root too.
  expect_exit 4 "$playhead" doctor --grpc_listen=127.0.0.1:0 --data_dir=data
  expect_match "$out" '*problem  store *(STORE_UNREADABLE)*'
  expect_error STORE_UNAVAILABLE
  expect_exit 4 "$playhead" verify --data_dir=data
}

test_what_is_open_to_others_is_told_with_what_to_do() {
  mkdir data
  chmod 755 data
  echo secret >admin
  chmod 644 admin
  expect_exit 1 "$playhead" doctor --grpc_listen=127.0.0.1:0 --data_dir=data --admin_secret_file=admin --skip_verify
  expect_match "$out" '*warning  data folder *-> chmod 700 data*'
  expect_match "$out" "*problem  administrator's secret *-> chmod 600 admin*"
  expect_match "$err" 'playhead: FAILED: 1 problem'
}

test_a_secret_that_is_missing_is_said_to_be() {
  mkdir -m 700 data
  expect_exit 1 "$playhead" doctor --grpc_listen=127.0.0.1:0 --data_dir=data --admin_secret_file=nope --skip_verify
  expect_match "$out" "*problem  administrator's secret *nope is missing*"
  [[ $out != *chmod* ]] || die "chmod of a file that is not there"
}

test_a_folder_that_is_not_there_is_no_problem_and_none_at_all_is_a_mistake() {
  expect_exit 0 "$playhead" doctor --grpc_listen=127.0.0.1:0 --data_dir=later
  expect_match "$out" '*note     data folder *later is not there yet*'
  expect_match "$out" '*note     store *there is none yet*'
  expect_exit 2 "$playhead" doctor
}

run_tests "$@"
