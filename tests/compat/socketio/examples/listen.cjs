const { io } = require('socket.io-client');

const socket = io('http://localhost:3000/api/events', {
  auth: { token: 'your-api-key' }
});

// Subscribe to specific events
socket.emit('subscribe', ['messages.upsert', 'connection.update']);

socket.on('connect', () => console.log('Connected'));
socket.on('disconnect', () => console.log('Disconnected'));

socket.on('messages.upsert', (data) => {
  const message = data.messages[0];
  console.log(`New message from ${message.key.remoteJid}`);
  console.log(message.message?.conversation || 'Media message');
});

socket.on('connection.update', (update) => {
  console.log('Connection status:', update.connection);
  // Possible values: 'open', 'close', 'connecting'
});
