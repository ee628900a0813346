export default {
  title: 'Rolldown',
  group: 'bundler',
  packages: { rolldown: '1.3.3' },
  advice: 'copy `node_modules/gateway-lock/prebuilds` next to the bundle',
  commands: [
    ['rolldown', 'gateway.mjs', '--platform', 'node', '--format', 'esm', '--file', 'out/gateway.mjs'],
    ['cp', '-r', 'node_modules/gateway-lock/prebuilds', 'out'],
  ],
  keep: ['out'],
  run: ['node', 'out/gateway.mjs'],
};
