import { recipe } from '../recipe.mjs';

export default recipe('fastify', { title: 'Fastify', common: true, packages: { fastify: '5.12.8' } });
