export default {
  title: 'Jest, require()',
  group: 'runner',
  common: true,
  packages: { jest: '30.5.2' },
  run: ['jest'],
  // Jest prints its report on stderr.
  expected: '',
};
