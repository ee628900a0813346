import { recipe } from '../recipe.mjs';

export default recipe('socket-io', {
  title: 'Socket.IO',
  packages: { 'socket.io': '4.8.4', 'socket.io-client': '4.8.4' },
  client: 'socket.io',
  end: 'Socket.IO transport close',
});
