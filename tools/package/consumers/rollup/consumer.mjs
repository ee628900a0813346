import { withPrebuilds } from '../with-prebuilds.mjs';

export default withPrebuilds({
  title: 'Rollup',
  common: true,
  packages: { rollup: '4.68.8', '@rollup/plugin-node-resolve': '16.0.3' },
  commands: [['rollup', '--plugin', 'node-resolve', '--format', 'es', '--file', 'out/gateway.mjs', 'gateway.mjs']],
  run: ['node', 'out/gateway.mjs'],
});
