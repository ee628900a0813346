export default {
  title: 'TypeScript: node10, node16, nodenext and bundler resolution',
  group: 'resolver',
  common: true,
  packages: {
    'typescript-5.0': 'npm:typescript@5.0.4',
    'typescript-5.9': 'npm:typescript@5.9.3',
    'typescript-6.0': 'npm:typescript@6.0.3',
    'typescript-7.0': 'npm:typescript@7.0.2',
    '@types/node': '20.19.43',
  },
  run: ['node', 'check.mjs'],
  expected: 'no errors\n',
};
