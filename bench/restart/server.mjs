// A plain HTTP server on PORT. On SIGTERM (SIGINT from PM2) it answers the open requests and exits.
import { createServer } from 'node:http';

const server = createServer((_request, response) => response.end(`pid ${process.pid}`));
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => server.close(() => process.exit(0)));
server.listen({ port: Number(process.env.PORT), host: '127.0.0.1', backlog: 4096 }, () => console.log('serving'));
