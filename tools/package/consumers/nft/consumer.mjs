export default {
  title: 'nft, the file tracer of Vercel',
  group: 'bundler',
  common: true,
  packages: { '@vercel/nft': '1.11.5' },
  commands: [['node', 'trace.mjs']],
  keep: ['traced'],
  run: ['node', 'traced/gateway.mjs'],
};
