import { withPrebuilds } from '../with-prebuilds.mjs';

export default withPrebuilds({
  title: 'Node, single executable application',
  common: true,
  packages: { esbuild: '0.28.2', postject: '1.0.0-alpha.6' },
  output: 'executable',
  commands: [
    ['esbuild', 'gateway.mjs', '--bundle', '--platform=node', '--format=cjs', '--outfile=gateway.cjs'],
    ['node', '--experimental-sea-config', 'sea-config.json'],
    ['node', 'inject.mjs'],
  ],
  run: ['./out/gateway'],
});
