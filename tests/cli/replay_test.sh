#!/usr/bin/env bash
# Replays as an operator tries them: to stdout and to a small HTTP server, over a kill of the broker.
# shellcheck disable=SC2016,SC2031,SC2119,SC2238  # Tests run in shells of their own, and pass text on unexpanded.
set -euo pipefail
# shellcheck source=tests/cli/shell_test.sh
source tests/cli/shell_test.sh

# A server at $receiver that takes every POST and writes `INSTANCE CURSOR BODY` to the file `taken`.
start_receiver() {
  cat >receiver.py <<'PYTHON'
import http.server

class Receiver(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        assert self.headers["playhead-replay"].startswith("r")
        with open("taken", "a") as taken:
            print(self.headers["playhead-instance"], self.headers["playhead-cursor"], body, file=taken)
        self.send_response(204)
        self.end_headers()

    def log_message(self, *args):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
print(server.server_port, flush=True)
server.serve_forever()
PYTHON
  mkfifo port
  python3 receiver.py >port &
  receiver_process=$!
  trap 'kill $receiver_process 2>/dev/null; [[ -z $broker ]] || kill -9 $broker 2>/dev/null' EXIT
  read -r receiver <port
  receiver=http://127.0.0.1:$receiver/hook
}

append_numbers() {
  seq "$2" "$3" | sed 's/.*/{"n":&}/' | "$playhead" append "$1" --type=number >/dev/null
}

test_a_plan_counts_and_sends_nothing() {
  start_broker
  append_numbers bot 1 30
  echo hello | "$playhead" append bot --type=text >/dev/null
  expect_exit 0 "$playhead" replay bot --from=beginning --plan
  expect_match "$out" "31 events (*) of 1 instance, *30  number*1  text"
  expect_exit 0 "$playhead" replay bot --after=10 --until=12 --plan --json
  expect_match "$out" '{"event_count":2,*"types":{"number":2},*"ranges":\[{"instance":"bot","after_cursor":10,"last_cursor":12,"event_count":2}\]}'
  expect_exit 3 "$playhead" replay nobody --from=beginning --plan
  expect_exit 2 "$playhead" replay bot --plan
  expect_exit 2 "$playhead" replay bot --from=beginning --to=stdout
  expect_match "$err" "*--yes*"
  expect_exit 0 "$playhead" replay list
  expect_eq "$(wc -l <stdout.txt)" 1
}

test_stdout_gets_marked_lines_at_the_rate() {
  start_broker
  append_numbers bot-1 1 30
  append_numbers bot-2 1 20
  expect_exit 0 "$playhead" replay --prefix=bot- --from=beginning --to=stdout --expect=50 --rate=100
  expect_eq "$(grep -c '^{"replayed":true,"replay":"r[0-9a-z]*","instance":"bot-[12]","cursor":' stdout.txt)" 50
  expect_exit 1 "$playhead" replay --prefix=bot- --from=beginning --to=stdout --expect=49
  expect_eq "$out" ""
  expect_exit 0 "$playhead" fetch playhead.audit --types=audit.replay_started
  expect_match "$out" "*events=50 instances=2*target=caller*"
}

test_an_endpoint_gets_every_event_over_a_kill_of_the_broker() {
  start_broker
  start_receiver
  append_numbers bot 1 800
  expect_exit 0 "$playhead" replay bot --from=beginning --to="$receiver" --yes --rate=40 --detach
  expect_match "$out" "Started r*."
  local id=${out#Started }
  id=${id%.}
  await_lines taken 40
  kill -9 "$broker"
  wait "$broker" || true
  start_broker
  await_lines taken 150
  expect_exit 0 "$playhead" replay pause "$id"
  expect_match "$out" "*paused*"
  expect_exit 0 "$playhead" replay resume "$id" --json
  expect_match "$out" '*"state":"running"*'
  until "$playhead" replay show "$id" | grep -q '^state *done'; do sleep 0.05; done
  # At least once, in order: what was confirmed right before the kill may have come again.
  expect_eq "$(uniq taken | cut -d' ' -f2 | sort -nu | wc -l)" 800
  expect_eq "$(awk '{print $2}' taken | head -1)" 1
  expect_exit 0 "$playhead" replay list
  expect_match "$out" "*$id*done*800/800*$receiver"
}

test_an_endpoint_that_is_not_named_is_refused() {
  (umask 077 && head -c 30 /dev/urandom | base64 >admin)
  start_broker --admin_secret_file=admin
  PLAYHEAD_KEY=$(<admin)
  export PLAYHEAD_KEY PLAYHEAD_INSECURE_SEND_KEY=true
  append_numbers bot 1 3
  expect_exit 8 "$playhead" replay bot --from=beginning --to=http://127.0.0.1:9/ --yes
  expect_match "$err" "*REPLAY_ENDPOINT_REFUSED*"
}

run_tests "$@"
