export default {
  title: 'ts-node, CommonJS',
  group: 'runner',
  common: true,
  packages: { 'ts-node': '10.9.2', typescript: '5.9.3', '@types/node': '20.19.43' },
  run: ['ts-node', 'program.ts'],
  expected: 'held\n',
};
