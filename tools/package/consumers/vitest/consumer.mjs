const runWith = (pool) => ['vitest', 'run', `--pool=${pool}`, '--reporter=tap-flat', 'gateway.test.mjs'];

export default {
  title: 'Vitest, all four pools',
  group: 'runner',
  packages: { vitest: '4.1.12' },
  commands: ['threads', 'vmForks', 'vmThreads'].map(runWith),
  run: runWith('forks'),
  expected: /^ok 1 - /m,
};
