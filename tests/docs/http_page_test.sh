#!/usr/bin/env bash
# docs/clients/http.md tells the truth: its commands run and print what it shows, and its script is what a browser ran.
set -euo pipefail
# shellcheck source=tests/cli/shell_test.sh
source tests/cli/shell_test.sh
# shellcheck source=tests/docs/console.sh
source tests/docs/console.sh
root=$PWD
page=$root/docs/clients/http.md

# The page's broker is the test's. A stream ends when nobody reads it, which is no failure.
run_command() {
  (set +o pipefail && eval "${1//127.0.0.1:8080/$PLAYHEAD_HTTP}" 2>&1)
}

test_every_command_of_the_page_prints_what_it_shows() {
  start_broker --http_listen=127.0.0.1:0
  expect_console "$page" 3
}

test_the_script_of_the_page_is_what_the_browser_test_runs() {
  local line lines=0
  while IFS= read -r line; do
    grep -qF -- "$line" "$root/tests/node/browser_test.mjs" || die "not in the browser test: $line"
    lines=$((lines + 1))
  done < <(blocks "$page" js)
  expect_eq $lines 3
}

test_curl_appends_cloud_events_and_reads_with_a_token() {
  printf 'the-administrator-of-a-test-with-curl\n' >secret.txt
  chmod 600 secret.txt
  start_broker --http_listen=127.0.0.1:0 --admin_secret_file=secret.txt
  local url=http://$PLAYHEAD_HTTP/v1 admin=(-H 'x-api-key: the-administrator-of-a-test-with-curl')
  expect_match "$(curl -s "${admin[@]}" -H 'ce-specversion: 1.0' -H 'ce-id: 1' -H 'ce-source: /curl' -H 'ce-type: t' \
    -H 'content-type: text/plain' -d 'hello' "$url/instances/bot/events")" '{"cursors":\[1\],*'
  local token
  token=$(curl -s "${admin[@]}" --json '{"instances":"bot"}' "$url/access_tokens" | jq -r .access_token)
  expect_eq "$(curl -s "$url/instances/bot/events?after=0&access_token=$token" | jq -r '.events[0].id')" "/curl 1"
  expect_eq "$(curl -s "$url/instances/bot/events?after=0&access_token=${token}x" | jq -r .error.code)" UNAUTHENTICATED
  expect_eq "$(curl -s "$url/instances/other/events?after=0&access_token=$token" | jq -r .error.code)" PERMISSION_DENIED
  # Neither secrets nor tokens are in the log, though it says that requests were refused.
  expect_match "$(<broker.log)" '*UNAUTHENTICATED*'
  if grep -qF "${token:0:20}" broker.log || grep -q administrator-of broker.log; then die "a secret is in the log"; fi
}

run_tests "$@"
