import { NestFactory } from '@nestjs/core';
import { ApiModule } from './api/api.module.js';
import { JOBS_SCHEMA, PLACE, SHOP_SCHEMA } from './database.js';

const PORT = Number(process.env.PORT ?? 3000);

const app = await NestFactory.create(ApiModule);
app.enableShutdownHooks();
try {
  await app.listen(PORT, '127.0.0.1');
} catch (error) {
  process.stdout.write(`
Nothing can listen at port ${PORT}: ${(error as Error).message}
Choose another one, such as PORT=${PORT + 1} npm run start:postgres
`);
  await app.close();
  process.exit(1);
}

const url = `http://127.0.0.1:${PORT}`;
const json = `-H 'content-type: application/json'`;
process.stdout.write(`
The shop is open: this is its API, process ${process.pid}. Its worker is another process. Orders and jobs are kept in the PostgreSQL
at ${PLACE}. Try, in another terminal:

  curl -X POST ${url}/orders ${json} -d '{"quantity":2}'
  curl -X POST ${url}/orders ${json} -d '{"card":"declined"}'   # rolled back: no order, no mail, nothing shipped
  curl ${url}/orders
  curl ${url}/products   # how many were shipped
  curl ${url}/jobs   # the queues in numbers

Ctrl-C ends both. To remove what the sample made:

  drop schema "${SHOP_SCHEMA}" cascade; drop schema "${JOBS_SCHEMA}" cascade;

`);
