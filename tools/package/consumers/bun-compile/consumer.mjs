import { withPrebuilds } from '../with-prebuilds.mjs';

export default withPrebuilds({
  title: 'Bun, `bun build --compile`',
  packages: { '@oven/bun-linux-x64': '1.4.5' },
  output: 'executable',
  commands: [['node', 'bun.mjs', 'build', 'main.mjs', '--compile', '--outfile=out/main']],
  run: ['./out/main'],
  expected: 'acquired\nrefused\n',
});
