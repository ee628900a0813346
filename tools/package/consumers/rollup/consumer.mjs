export default {
  title: 'Rollup',
  group: 'bundler',
  common: true,
  packages: { rollup: '4.68.8', '@rollup/plugin-node-resolve': '16.0.3' },
  advice: 'copy `node_modules/gateway-lock/prebuilds` next to the bundle',
  commands: [
    ['rollup', '--plugin', 'node-resolve', '--format', 'es', '--file', 'out/gateway.mjs', 'gateway.mjs'],
    ['cp', '-r', 'node_modules/gateway-lock/prebuilds', 'out'],
  ],
  keep: ['out'],
  run: ['node', 'out/gateway.mjs'],
};
