import { recipe } from '../recipe.mjs';

export default {
  ...recipe('pm2', { title: 'PM2', packages: { pm2: '7.0.4' } }),
  run: ['node', 'check-pm2.mjs'],
  expected: [
    'served',
    'the duplicate is stopped after 0 restarts',
    'the client sees: end of an idle connection',
    'the port is free\n',
  ].join('\n'),
};
