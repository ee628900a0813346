import { recipe } from '../recipe.mjs';

export default recipe('node-cluster', { title: 'node:cluster' });
