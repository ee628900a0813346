export default { build: { ssr: 'gateway.mjs', outDir: 'out' }, ssr: { noExternal: true } };
