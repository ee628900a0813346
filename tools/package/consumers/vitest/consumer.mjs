export default {
  title: 'vitest',
  group: 'runner',
  packages: { vitest: '4.1.12' },
  run: ['vitest', 'run'],
  expected: /1 passed/,
};
