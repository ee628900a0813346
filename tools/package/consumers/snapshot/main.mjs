import { startupSnapshot } from 'node:v8';
import { tryAcquireLock } from 'gateway-lock';

startupSnapshot.setDeserializeMainFunction(() => {
  const lock = tryAcquireLock('main.lock');
  console.log(lock === null ? 'refused' : 'acquired');
  console.log(tryAcquireLock('main.lock') === null ? 'refused' : 'acquired');
});
