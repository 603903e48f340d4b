import socketio

# Create client
sio = socketio.Client()

# Authentication
sio.connect('http://localhost:3000/api/events',
            auth={'token': 'your-api-key'})

# Subscribe to events
sio.emit('subscribe', ['messages.upsert', 'connection.update'])

@sio.on('connect')
def on_connect():
    print('Connected')

@sio.on('disconnect')
def on_disconnect():
    print('Disconnected')

@sio.on('messages.upsert')
def on_messages(data):
    print('New message from ' + data['messages'][0]['key']['remoteJid'], flush=True)
    print(data['messages'][0]['message']['conversation'], flush=True)

@sio.on('connection.update')
def on_update(update):
    print('Connection status: ' + update['connection'], flush=True)

# Keep running
sio.wait()
