export default {
  title: 'esbuild, external',
  group: 'bundler',
  packages: { esbuild: '0.28.2' },
  advice: '`--external:gateway-lock`',
  commands: [
    [
      'esbuild',
      'gateway.mjs',
      '--bundle',
      '--platform=node',
      '--format=esm',
      '--external:gateway-lock',
      '--outfile=out/gateway.mjs',
    ],
  ],
  run: ['node', 'out/gateway.mjs'],
};
