export default {
  title: 'Rspack',
  group: 'bundler',
  packages: { '@rspack/core': '2.3.4', '@rspack/cli': '2.2.8' },
  commands: [['rspack', 'build', '--config', 'rspack.config.mjs']],
  keep: ['out'],
  run: ['node', 'out/gateway.cjs'],
};
