"""A client of VZaps' realtime API by websocket-client: python3 client.py HOST:PORT TOKEN USER_AGENT.

Prints `open`, then a line for each event's number, which it acknowledges, and for each pong. It takes a connection on
which no frame of any kind comes for 30 s for dead: then it prints `silent` and ends.
"""

import json
import sys

import websocket

address, token, user_agent = sys.argv[1:]
headers = [f"Authorization: Bearer {token}", "X-Client-Token: client", "X-Instance-Token: instance"]
if user_agent:
    headers.append(f"User-Agent: {user_agent}")
socket = websocket.create_connection(f"ws://{address}/events/ws?instance_id=device", header=headers, timeout=30)
print("open", flush=True)
try:
    while True:
        opcode, frame = socket.recv_data_frame(control_frame=True)
        if opcode == websocket.ABNF.OPCODE_PONG:
            print("pong", flush=True)
        if opcode != websocket.ABNF.OPCODE_TEXT:
            continue
        event = json.loads(frame.data)
        socket.send(json.dumps({"type": "ack", "id": event["id"]}))
        print(event["data"]["event"]["n"], flush=True)
except websocket.WebSocketTimeoutException:
    print("silent", flush=True)
