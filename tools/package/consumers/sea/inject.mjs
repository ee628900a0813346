// Copies Node and injects the application into the copy.
import { chmodSync, copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { inject } from 'postject';

mkdirSync('out');
copyFileSync(process.execPath, 'out/gateway');
chmodSync('out/gateway', 0o755);
await inject('out/gateway', 'NODE_SEA_BLOB', readFileSync('gateway.blob'), {
  sentinelFuse: 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2',
});
