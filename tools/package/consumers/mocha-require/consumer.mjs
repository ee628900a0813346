export default {
  title: 'Mocha, require()',
  group: 'runner',
  packages: { mocha: '12.0.3' },
  run: ['mocha', 'lock.test.cjs'],
  expected: /1 passing/,
};
