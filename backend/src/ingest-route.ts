import { perigee } from '@perigee/proto';
import type { FastifyInstance } from 'fastify';
import { applyBatch } from './apply-batch.js';
import type { Database } from './database.js';
import { parseBatch } from './parse-batch.js';

const PROTOBUF = 'application/x-protobuf';

/** POST /v1/batches: a perigee.v1.Batch; answers a perigee.v1.BatchReceipt once the batch is committed. */
export function addIngestRoute(server: FastifyInstance, database: Database): void {
  server.addContentTypeParser<Buffer>(PROTOBUF, { parseAs: 'buffer' }, (_request, body, done) =>
    done(null, body),
  );
  server.post('/v1/batches', async (request, reply) => {
    const batch = parseBatch(Buffer.isBuffer(request.body) ? request.body : new Uint8Array());
    const applied = await applyBatch(database, batch);
    const receipt = perigee.v1.BatchReceipt.encode({
      gatewayId: batch.gatewayId,
      epoch: batch.epoch,
      sequence: applied.sequence,
      observationsApplied: applied.observations,
      samplesApplied: applied.samples,
      forgot: applied.forgot,
    }).finish();
    return reply.type(PROTOBUF).send(Buffer.from(receipt));
  });
}
