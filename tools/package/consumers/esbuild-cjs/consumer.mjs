import { withPrebuilds } from '../with-prebuilds.mjs';

export default withPrebuilds({
  title: 'esbuild, CommonJS',
  common: true,
  packages: { esbuild: '0.28.2' },
  commands: [['esbuild', 'gateway.mjs', '--bundle', '--platform=node', '--format=cjs', '--outfile=out/gateway.cjs']],
  run: ['node', 'out/gateway.cjs'],
});
