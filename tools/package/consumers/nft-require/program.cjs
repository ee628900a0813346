const { probeLock, withLock } = require('gateway-lock');

withLock('job.lock', () => console.log(probeLock('job.lock').state));
