import { recipe } from '../recipe.mjs';

export default recipe('pid-file', { title: 'a pid file beside the lock' });
