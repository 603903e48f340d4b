"""python-socketio as it comes from Debian, told what to do by a line of JSON; says what it gets, in lines of JSON."""

import json
import sys
import threading

import socketio

options = json.loads(sys.stdin.readline())
lock = threading.Lock()


def say(**line):
    with lock:
        print(json.dumps(line), flush=True)


class Client(socketio.Client):
    # Its reconnections wait 1 s for their namespace, which a busy machine may take.
    def connect(self, *args, **kwargs):
        return super().connect(*args, **{"wait_timeout": 10, **kwargs})


sio = Client(request_timeout=60, reconnection_delay=0.1, reconnection_delay_max=0.5)
namespace = options.get("namespace", "/")


@sio.on("connect", namespace=namespace)
def on_connect():
    say(connected=True)


@sio.on("disconnect", namespace=namespace)
def on_disconnect():
    say(connected=False)


failed = set()


def handler(name):
    # With one parameter, as the documentation has it.
    def on_event(data):
        line = json.dumps(data)
        if any(text in line for text in options.get("fail", [])) and line not in failed:
            failed.add(line)
            say(failing=name, data=data)
            raise RuntimeError("the handler fails")
        say(event=name, data=data)

    return on_event


for name in options["events"]:
    sio.on(name, handler(name), namespace=namespace)

arguments = {"headers": options.get("headers", {})}
if "transports" in options:
    arguments["transports"] = options["transports"]
if "auth" in options:
    arguments["auth"] = options["auth"]
try:
    sio.connect(options["url"], namespaces=[namespace], **arguments)
except socketio.exceptions.ConnectionError as error:
    say(refused=str(error))
    sys.exit(0)
if options.get("subscribe") is not None:
    if options.get("acknowledged", True):
        say(subscribed=sio.call("subscribe", options["subscribe"], namespace=namespace))
    else:
        sio.emit("subscribe", options["subscribe"], namespace=namespace)
sys.stdin.readline()
sio.disconnect()
