// npm run build: builds the addon, dist/ and the example gateway, even if they are up to date.
import { bin, buildNative, compileSources, preparePackages, run } from './prepare.mjs';

preparePackages();
buildNative();
compileSources();
run(bin('tsc'), ['-p', 'examples'], 'compiling examples');
