export default {
  title: 'Node, `node --test`',
  group: 'runner',
  run: ['node', '--test', '--test-reporter=tap', 'gateway.test.mjs'],
  expected: /^# pass 1$/m,
};
