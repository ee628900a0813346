import { withPrebuilds } from '../with-prebuilds.mjs';

export default withPrebuilds({
  title: 'Vite, SSR with `noExternal`',
  common: true,
  packages: { vite: '8.4.0' },
  manifest: { type: 'module' },
  commands: [['vite', 'build', '--logLevel', 'warn']],
  keep: ['out', 'package.json'],
  run: ['node', 'out/gateway.js'],
});
