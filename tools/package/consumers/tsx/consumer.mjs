export default {
  title: 'tsx',
  group: 'runner',
  packages: { tsx: '4.23.15' },
  run: ['tsx', 'main.ts'],
};
