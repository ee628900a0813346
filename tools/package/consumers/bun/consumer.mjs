import { recipe } from '../recipe.mjs';

export default recipe('bun', {
  title: 'Bun.serve',
  packages: { bun: '1.4.5', ws: '8.23.0' },
  scripts: true,
  command: ['bun', 'program.mjs'],
  client: 'ws',
  end: 'WebSocket close code 1001',
});
