import { recipe } from '../recipe.mjs';

export default recipe('ws', {
  title: 'Bun, node:http and ws',
  packages: { bun: '1.4.5', ws: '8.23.0' },
  scripts: true,
  advice: '[recipe](recipes/bun.md)',
  command: ['bun', 'program.mjs'],
  client: 'ws',
  end: 'WebSocket close code 1001',
});
