export default {
  mode: 'production',
  target: 'node',
  entry: './gateway.mjs',
  output: { path: `${import.meta.dirname}/out`, filename: 'gateway.cjs' },
};
