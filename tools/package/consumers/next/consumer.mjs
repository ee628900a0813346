import { recipe } from '../recipe.mjs';

export default recipe('next', {
  title: 'Next.js',
  packages: { next: '16.4.6', react: '19.3.1', 'react-dom': '19.3.1' },
  commands: [['next', 'build']],
  command: ['next', 'start', '-H', '127.0.0.1'],
});
