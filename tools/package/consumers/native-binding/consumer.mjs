export default {
  title: 'esbuild, the option `nativeBinding`',
  group: 'bundler',
  packages: { esbuild: '0.28.2' },
  advice: '`nativeBinding`, the path of the addon',
  commands: [
    ['esbuild', 'main.mjs', '--bundle', '--platform=node', '--format=esm', '--outfile=out/main.mjs'],
    ['cp', '-r', 'node_modules/gateway-lock', 'addon'],
  ],
  keep: ['out', 'addon/prebuilds'],
  run: ['node', 'out/main.mjs'],
  expected: 'acquired\n',
};
