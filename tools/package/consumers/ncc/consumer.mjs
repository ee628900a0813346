export default {
  title: 'ncc',
  group: 'bundler',
  common: true,
  packages: { '@vercel/ncc': '0.45.0' },
  commands: [['ncc', 'build', 'gateway.mjs', '--out', 'out']],
  keep: ['out'],
  run: ['node', 'out/index.mjs'],
};
