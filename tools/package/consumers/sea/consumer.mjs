export default {
  title: 'Node, single executable application',
  group: 'bundler',
  common: true,
  packages: { esbuild: '0.28.2', postject: '1.0.0-alpha.6' },
  advice: 'copy `node_modules/gateway-lock/prebuilds` next to the executable',
  commands: [
    ['esbuild', 'gateway.mjs', '--bundle', '--platform=node', '--format=cjs', '--outfile=gateway.cjs'],
    ['node', '--experimental-sea-config', 'sea-config.json'],
    ['node', 'inject.mjs'],
    ['cp', '-r', 'node_modules/gateway-lock/prebuilds', 'out'],
  ],
  keep: ['out'],
  run: ['./out/gateway'],
};
