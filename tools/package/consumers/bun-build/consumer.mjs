import { withPrebuilds } from '../with-prebuilds.mjs';

export default withPrebuilds({
  title: 'Bun, `bun build` for Node',
  common: true,
  packages: { '@oven/bun-linux-x64': '1.4.5' },
  commands: [['node', 'bun.mjs', 'build', 'gateway.mjs', '--target=node', '--outfile=out/gateway.mjs']],
  run: ['node', 'out/gateway.mjs'],
});
