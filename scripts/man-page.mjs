// The manual page, from the same definitions as --help: dist/gateway-lock.1.
import { writeFileSync } from 'node:fs';
import { manPage } from '../dist/cli/man-page.js';
import { createProgram } from '../dist/cli/program.js';

writeFileSync(new URL('../dist/gateway-lock.1', import.meta.url), manPage(createProgram()));
