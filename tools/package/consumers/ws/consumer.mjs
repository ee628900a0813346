import { recipe } from '../recipe.mjs';

export default recipe('ws', {
  title: 'ws',
  common: true,
  packages: { ws: '8.23.0' },
  client: 'ws',
  end: 'WebSocket close code 1001',
});
