export default {
  title: 'Next.js, `output: "standalone"`',
  group: 'framework',
  packages: { next: '16.4.6', react: '19.3.1', 'react-dom': '19.3.1' },
  commands: [['next', 'build']],
  keep: ['.next/standalone', 'serve.mjs'],
  run: ['node', 'serve.mjs', '.next/standalone/server.js'],
  expected: 'acquired\nrefused: ERR_GATEWAY_LOCKED\n',
};
