export default {
  title: 'nft, require()',
  group: 'bundler',
  packages: { '@vercel/nft': '1.11.5' },
  commands: [['node', 'trace.mjs']],
  keep: ['traced'],
  run: ['node', 'traced/program.cjs'],
  expected: 'held\n',
};
