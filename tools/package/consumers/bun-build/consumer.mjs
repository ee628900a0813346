export default {
  title: 'Bun, `bun build` for Node',
  group: 'bundler',
  common: true,
  packages: { '@oven/bun-linux-x64': '1.4.5' },
  advice: 'copy `node_modules/gateway-lock/prebuilds` next to the bundle',
  commands: [
    ['node', 'bun.mjs', 'build', 'gateway.mjs', '--target=node', '--outfile=out/gateway.mjs'],
    ['cp', '-r', 'node_modules/gateway-lock/prebuilds', 'out'],
  ],
  keep: ['out'],
  run: ['node', 'out/gateway.mjs'],
};
