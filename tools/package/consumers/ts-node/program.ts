import { probeLock, withLock } from 'gateway-lock';

withLock('job.lock', () => console.log(probeLock('job.lock').state));
