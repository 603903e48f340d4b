# A client with Debian's python3-websocket, whose connections answer pings by themselves.
import json
import sys

import websocket

url, profile = sys.argv[1:]
client = websocket.create_connection(url, timeout=30)
assert json.loads(client.recv())["payload"]["message"] == "Connected to MultiWA WebSocket API"
client.send(json.dumps({"type": "subscribe", "payload": {"profileId": profile, "events": ["message.received"]}}))
assert json.loads(client.recv())["payload"]["action"] == "subscribed"
print("subscribed", flush=True)
for _ in range(2):
    print(json.loads(client.recv())["payload"]["data"]["id"], flush=True)
client.send(json.dumps({"type": "ping", "requestId": "python"}))
pong = json.loads(client.recv())
print(pong["type"], pong["requestId"], flush=True)
client.close()
