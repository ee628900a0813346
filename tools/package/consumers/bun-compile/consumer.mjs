export default {
  title: 'Bun, `bun build --compile`',
  group: 'bundler',
  packages: { '@oven/bun-linux-x64': '1.4.5' },
  advice: 'copy `node_modules/gateway-lock/prebuilds` next to the executable',
  commands: [
    ['node', 'bun.mjs', 'build', 'main.mjs', '--compile', '--outfile=out/main'],
    ['cp', '-r', 'node_modules/gateway-lock/prebuilds', 'out'],
  ],
  keep: ['out'],
  run: ['./out/main'],
  expected: 'acquired\nrefused\n',
};
