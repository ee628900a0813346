import { watched } from '../recipe.mjs';

export default watched(['node', '--watch', 'program.mjs'], { title: 'node --watch', packages: { ws: '8.23.0' } });
