export default {
  title: 'Mocha',
  group: 'runner',
  packages: { mocha: '12.0.3' },
  run: ['mocha', '--reporter', 'tap', 'gateway.test.mjs'],
  expected: /^# pass 1$/m,
};
