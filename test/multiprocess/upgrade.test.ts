import { beforeEach, expect, test } from 'vitest';
import { need, whyNoInheritance } from '../support/capabilities.js';
import { failures, NO_FAILURES, startLoad, startThirdStarter, whyNoCompiler } from '../support/load.js';
import { UpgradingGateway } from '../support/upgrading-gateway.js';

beforeEach((ctx) => {
  need(ctx, whyNoInheritance);
  need(ctx, whyNoCompiler());
});

test('5 upgrades refuse and reset no connection', async () => {
  const gateway = await UpgradingGateway.start();
  const load = await startLoad({ port: gateway.port });
  const third = startThirdStarter(gateway.directory, gateway.port);
  for (let n = 0; n < 5; n++) {
    await gateway.upgrade();
    console.log(await load.report());
  }
  const report = await load.end();
  expect(failures(report)).toEqual(NO_FAILURES);
  expect(await third.end()).toBe(0);
  expect(gateway.doubles()).toBe('');
});
