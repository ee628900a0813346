// A bundle without the addon fails with the command that copies the addon.
export default {
  title: 'esbuild, without the addon',
  group: 'bundler',
  common: true,
  packages: { esbuild: '0.28.2' },
  advice: 'fails with `ERR_NATIVE_MISSING`, which names the command that helps',
  commands: [['esbuild', 'main.mjs', '--bundle', '--platform=node', '--format=cjs', '--outfile=out/main.cjs']],
  keep: ['out'],
  run: ['node', 'out/main.cjs'],
  expected: /^ERR_NATIVE_MISSING .*cp -r node_modules\/gateway-lock\/prebuilds \S+\/out /,
};
