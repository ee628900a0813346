export default {
  title: 'esbuild, CommonJS',
  group: 'bundler',
  common: true,
  packages: { esbuild: '0.28.2' },
  advice: 'copy `node_modules/gateway-lock/prebuilds` next to the bundle',
  commands: [
    ['esbuild', 'gateway.mjs', '--bundle', '--platform=node', '--format=cjs', '--outfile=out/gateway.cjs'],
    ['cp', '-r', 'node_modules/gateway-lock/prebuilds', 'out'],
  ],
  keep: ['out'],
  run: ['node', 'out/gateway.cjs'],
};
