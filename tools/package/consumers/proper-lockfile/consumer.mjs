import { recipe } from '../recipe.mjs';

export default {
  ...recipe('proper-lockfile', { title: 'proper-lockfile beside the lock', packages: { 'proper-lockfile': '4.1.2' } }),
  run: ['node', 'program.mjs'],
  expected: 'this process owns the state\n',
};
