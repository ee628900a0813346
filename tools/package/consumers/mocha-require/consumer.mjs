export default {
  title: 'mocha, require()',
  group: 'runner',
  packages: { mocha: '11.7.5' },
  run: ['mocha', 'lock.test.cjs'],
  expected: /1 passing/,
};
