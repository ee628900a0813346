import { recipe } from '../recipe.mjs';

export default recipe('nest', {
  title: 'NestJS',
  packages: {
    '@nestjs/common': '12.5.1',
    '@nestjs/core': '12.5.1',
    '@nestjs/platform-express': '12.5.1',
    'reflect-metadata': '0.2.2',
    rxjs: '7.8.2',
  },
});
