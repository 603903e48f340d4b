# A client of the gateway with Debian's python3-socketio: says what it is told, a line each, until the first QR code.
import json
import sys
import threading

import socketio

url, key, profile = sys.argv[1:]
sio = socketio.Client(request_timeout=60)
done = threading.Event()


@sio.on("qr:update", namespace="/ws")
def on_qr(data):
    print(json.dumps(data), flush=True)
    done.set()


sio.connect(url, namespaces=["/ws"], auth={"apiKey": key}, wait_timeout=60)
print(json.dumps(sio.call("join", {"profileId": profile}, namespace="/ws")), flush=True)
assert done.wait(300)
sio.disconnect()
