export default {
  title: 'Node, startup snapshot',
  group: 'bundler',
  packages: { esbuild: '0.28.2' },
  advice: '`GATEWAY_LOCK_PREBUILD`, because a snapshot contains no path of its own',
  commands: [
    ['esbuild', 'main.mjs', '--bundle', '--platform=node', '--format=cjs', '--outfile=main.cjs'],
    ['node', '--snapshot-blob', 'main.blob', '--build-snapshot', 'main.cjs'],
    ['cp', '-r', 'node_modules/gateway-lock', 'addon'],
  ],
  keep: ['main.blob', 'addon/prebuilds'],
  env: { GATEWAY_LOCK_PREBUILD: 'addon' },
  run: ['node', '--snapshot-blob', 'main.blob', 'start'],
  expected: 'acquired\nrefused\n',
};
