import { withPrebuilds } from '../with-prebuilds.mjs';

export default withPrebuilds({
  title: 'Rolldown',
  packages: { rolldown: '1.3.3' },
  commands: [['rolldown', 'gateway.mjs', '--platform', 'node', '--format', 'esm', '--file', 'out/gateway.mjs']],
  run: ['node', 'out/gateway.mjs'],
});
