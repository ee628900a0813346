export default {
  title: 'webpack',
  group: 'bundler',
  common: true,
  allBinaries: true,
  packages: { webpack: '5.113.0', 'webpack-cli': '7.3.1' },
  commands: [
    [
      'webpack',
      '--mode=production',
      '--target=node',
      '--entry=./gateway.mjs',
      '--output-path=out',
      '--output-filename=gateway.cjs',
    ],
  ],
  keep: ['out'],
  run: ['node', 'out/gateway.cjs'],
};
