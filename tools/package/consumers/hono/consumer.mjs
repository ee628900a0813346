import { recipe } from '../recipe.mjs';

export default recipe('hono', { title: 'Hono', packages: { hono: '4.13.19', '@hono/node-server': '2.1.9' } });
