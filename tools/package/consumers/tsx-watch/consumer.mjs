import { watched } from '../recipe.mjs';

export default watched(['tsx', 'watch', 'program.mjs'], {
  title: 'tsx watch',
  packages: { tsx: '4.23.15', ws: '8.23.0' },
});
