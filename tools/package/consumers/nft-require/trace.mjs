// Copies the files that the tracer finds, as a deployment does.
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { nodeFileTrace } from '@vercel/nft';

const { fileList } = await nodeFileTrace(['program.cjs']);
for (const file of fileList) cpSync(file, join('traced', file));
