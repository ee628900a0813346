export default {
  title: 'Vite, SSR with `noExternal`',
  group: 'bundler',
  common: true,
  packages: { vite: '8.4.0' },
  advice: 'copy `node_modules/gateway-lock/prebuilds` next to the bundle',
  manifest: { type: 'module' },
  commands: [
    ['vite', 'build', '--logLevel', 'warn'],
    ['cp', '-r', 'node_modules/gateway-lock/prebuilds', 'out'],
  ],
  keep: ['out', 'package.json'],
  run: ['node', 'out/gateway.js'],
};
