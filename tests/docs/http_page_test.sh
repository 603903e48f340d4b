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

test_curl_appends_cloud_events_with_a_key() {
  printf 'the-administrator-of-a-test-with-curl\n' >secret.txt
  chmod 600 secret.txt
  start_broker --http_listen=127.0.0.1:0 --admin_secret_file=secret.txt
  local url=http://$PLAYHEAD_HTTP/v1/instances/bot/events admin=(-H 'x-api-key: the-administrator-of-a-test-with-curl')
  expect_match "$(curl -s "${admin[@]}" -H 'ce-specversion: 1.0' -H 'ce-id: 1' -H 'ce-source: /curl' -H 'ce-type: t' \
    -H 'content-type: text/plain' -d 'hello' "$url")" '{"cursors":\[1\],*'
  expect_eq "$(curl -s "${admin[@]}" "$url?after=0" | jq -r '.events[0].id')" "/curl 1"
  expect_eq "$(curl -s "$url?after=0" | jq -r .error.code)" UNAUTHENTICATED
  # Secrets are not in the log, though it says that requests were refused.
  expect_match "$(<broker.log)" '*UNAUTHENTICATED*'
  if grep -q administrator-of broker.log; then die "a secret is in the log"; fi
}

run_tests "$@"
