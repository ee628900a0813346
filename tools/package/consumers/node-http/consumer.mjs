import { recipe } from '../recipe.mjs';

export default recipe('node-http', { title: 'node:http' });
