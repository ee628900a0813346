import { recipe } from '../recipe.mjs';

export default recipe('koa', { title: 'Koa', packages: { koa: '3.3.0' } });
