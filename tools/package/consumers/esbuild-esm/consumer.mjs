import { withPrebuilds } from '../with-prebuilds.mjs';

export default withPrebuilds({
  title: 'esbuild, ESM',
  common: true,
  packages: { esbuild: '0.28.2' },
  commands: [['esbuild', 'gateway.mjs', '--bundle', '--platform=node', '--format=esm', '--outfile=out/gateway.mjs']],
  run: ['node', 'out/gateway.mjs'],
});
