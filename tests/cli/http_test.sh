#!/usr/bin/env bash
# HTTP as curl sees it.
set -euo pipefail
# shellcheck source=tests/cli/shell_test.sh
source tests/cli/shell_test.sh

start_http_broker() {
  start_broker --http_listen=127.0.0.1:0
  expect_match "$PLAYHEAD_HTTP" "127.0.0.1:*"
}

# get PATH [CURL'S OPTIONS...]: the status in $status, the headers in headers.txt, the body in $body.
get() {
  local path=$1
  shift
  status=$(curl -s --max-time 20 -D headers.txt -o body.txt -w '%{http_code}' "$@" "http://$PLAYHEAD_HTTP$path")
  body=$(<body.txt)
}

test_the_broker_lives_serves_and_has_figures() {
  start_http_broker
  get /healthz
  expect_eq "$status $body" "200 ok"
  get /readyz
  expect_eq "$status $body" "200 ready"
  echo hello | "$playhead" append bot --type=greeting >append.txt
  get /metrics
  expect_eq "$status" 200
  expect_match "$body" "*playhead_appends_total 1*"
}

test_errors_have_the_codes_of_the_contract() {
  start_http_broker
  get /nothing
  expect_eq "$status" 404
  expect_match "$(<headers.txt)" "*error-code: ROUTE_NOT_FOUND*"
  expect_eq "$(jq -r .error.code body.txt)" ROUTE_NOT_FOUND
  get /healthz -X DELETE
  expect_eq "$status" 405
  expect_match "$(<headers.txt)" "*Allow: GET, HEAD*"
}

test_a_web_page_cannot_ask_an_open_broker() {
  start_http_broker
  get /metrics -H 'Origin: https://evil.example'
  expect_eq "$status $(jq -r .error.code body.txt)" "403 ORIGIN_REFUSED"
  get /metrics -H 'Host: evil.example'
  expect_eq "$status" 403
}

test_head_and_http_1_0_are_served() {
  start_http_broker
  get /healthz --head
  expect_eq "$status" 200
  get /healthz --http1.0
  expect_eq "$status $body" "200 ok"
}

test_without_the_flag_there_is_no_http() {
  start_broker
  expect_eq "$PLAYHEAD_HTTP" ""
}

run_tests
