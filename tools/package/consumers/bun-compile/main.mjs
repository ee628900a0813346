import { tryAcquireLock } from 'gateway-lock';

const lock = tryAcquireLock('main.lock');
console.log(lock === null ? 'refused' : 'acquired');
console.log(tryAcquireLock('main.lock') === null ? 'refused' : 'acquired');
