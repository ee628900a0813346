import { recipe } from '../recipe.mjs';

export default recipe('deno', {
  title: 'Deno.serve',
  packages: { deno: '2.9.6' },
  scripts: true,
  command: ['deno', 'run', '-A', '--node-modules-dir=manual', 'program.mjs'],
});
