import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, before, describe, it } from 'node:test';
import { perigee } from '@perigee/proto';
import { openBackend } from 'perigee-backend';
import type { Backend } from 'perigee-backend';
import { tempFolder } from '../support/temp.js';
import {
  ask,
  batchOf,
  complaintOf,
  deliver,
  encode,
  GATEWAY,
  observation,
  post,
  RUN,
  span,
} from './support-backend.js';

const directory = tempFolder('backend-ingest');
let backend: Backend;
before(async () => {
  backend = await openBackend({ directory, port: 0 });
});
after(() => backend[Symbol.asyncDispose]());

let gateways = 0;
/** Each test speaks for a gateway of its own, so that none sees what another one left. */
const newGateway = (): string => (0x1000 + gateways++).toString(16).padStart(16, '0');

interface Known {
  readonly observations: number;
  readonly samples: number;
}
const known = (id: string): Promise<Known> => ask<Known>(`${backend.url}/v1/gateways/${id}`);

describe('a batch over HTTP', () => {
  it('is applied, and its receipt says up to where the epoch is held', async () => {
    const gatewayId = newGateway();
    const receipt = await deliver(backend.url, batchOf(span(1, 5), { gatewayId }));
    const expected = { gatewayId, epoch: 1, sequence: 5, observationsApplied: 5, samplesApplied: 5 };
    assert.deepEqual(receipt, perigee.v1.BatchReceipt.create(expected));
    assert.equal((await known(gatewayId)).observations, 5);
  });

  it('applies nothing the second time, and gets the same watermark', async () => {
    const gatewayId = newGateway();
    await deliver(backend.url, batchOf(span(1, 5), { gatewayId }));
    const again = await deliver(backend.url, batchOf(span(1, 5), { gatewayId }));
    assert.equal(again.sequence, 5);
    assert.equal(again.observationsApplied, 0);
    assert.equal(again.samplesApplied, 0);
    assert.equal((await known(gatewayId)).samples, 5);
  });

  it('adds only what is new when it overlaps what is held', async () => {
    const gatewayId = newGateway();
    await deliver(backend.url, batchOf(span(1, 6), { gatewayId }));
    const overlapping = await deliver(backend.url, batchOf(span(4, 9), { gatewayId }));
    assert.equal(overlapping.sequence, 9);
    assert.equal(overlapping.observationsApplied, 3);
    assert.equal((await known(gatewayId)).observations, 9);
  });

  it('is applied once when it arrives twice at the same time', async () => {
    const gatewayId = newGateway();
    const body = batchOf(span(1, 50), { gatewayId });
    const receipts = await Promise.all([1, 2, 3, 4].map(() => deliver(backend.url, body)));
    assert.deepEqual(
      receipts.map((one) => one.sequence),
      [50, 50, 50, 50],
    );
    assert.equal(
      receipts.reduce((sum, one) => sum + one.observationsApplied, 0),
      50,
    );
  });

  it('that arrives too early is kept, and acknowledged once the gap before it is closed', async () => {
    const gatewayId = newGateway();
    const watermarks: number[] = [];
    for (const sequences of [span(4, 6), span(10, 12), span(1, 3), span(7, 9)]) {
      watermarks.push((await deliver(backend.url, batchOf(sequences, { gatewayId }))).sequence);
    }
    assert.deepEqual(watermarks, [0, 0, 6, 12]);
  });

  it('with a gap inside is acknowledged up to the gap', async () => {
    const gatewayId = newGateway();
    assert.equal((await deliver(backend.url, batchOf([1, 2, 5, 6], { gatewayId }))).sequence, 2);
    assert.equal((await deliver(backend.url, batchOf([3, 4], { gatewayId }))).sequence, 6);
  });

  it('may declare that what lies before it is lost', async () => {
    const gatewayId = newGateway();
    const receipt = await deliver(backend.url, batchOf(span(8, 9), { gatewayId, lostBefore: 7 }));
    assert.equal(receipt.sequence, 9);
    assert.equal(receipt.observationsApplied, 2);
  });

  it('is told so when what its gateway takes for held is not, and is applied all the same', async () => {
    const gatewayId = newGateway();
    const send = (epoch: number, sequence: number, afterEpoch: number, afterSequence: number) =>
      deliver(backend.url, batchOf([sequence], { gatewayId, epoch, afterEpoch, afterSequence }));
    const forgotten = [
      await send(1, 1, 0, 0),
      await send(1, 2, 1, 1),
      await send(2, 1, 1, 2),
      await send(3, 1, 2, 2),
      await send(3, 9, 3, 8),
    ].map(({ forgot }) => forgot);
    assert.deepEqual(forgotten, [false, false, false, true, true]);
    assert.equal((await known(gatewayId)).observations, 5);
  });

  it('counts each epoch and each gateway by itself', async () => {
    const [one, other] = [newGateway(), newGateway()];
    await deliver(backend.url, batchOf(span(1, 5), { gatewayId: one }));
    assert.equal((await deliver(backend.url, batchOf([1], { gatewayId: one, epoch: 2 }))).sequence, 1);
    assert.equal((await deliver(backend.url, batchOf([1, 2], { gatewayId: other }))).sequence, 2);
    assert.equal((await known(one)).observations, 6);
  });

  it('with runs alone is taken, and says what is held of its epoch', async () => {
    const gatewayId = newGateway();
    const runs = [{ id: RUN, image: 'hello', state: 'queued' }];
    assert.equal((await deliver(backend.url, { gatewayId, epoch: 0, runs })).sequence, 0);
    await deliver(backend.url, batchOf(span(1, 3), { gatewayId }));
    assert.equal((await deliver(backend.url, { gatewayId, epoch: 1, runs })).sequence, 3);
  });

  it('keeps a series whose unit changed as two, and forgets neither', async () => {
    const gatewayId = newGateway();
    await deliver(backend.url, batchOf([1], { gatewayId }));
    const series = [
      { id: 7, name: 'temperature', unit: perigee.v1.Unit.UNIT_NONE, labels: { image: 'hostsense' } },
    ];
    await deliver(backend.url, batchOf([2], { gatewayId, series }));
    const { series: held } = await ask<{ series: { unit: string }[] }>(
      `${backend.url}/v1/gateways/${gatewayId}/series`,
    );
    assert.deepEqual(
      held.map((one) => one.unit),
      ['celsius', 'none'],
    );
  });

  it('may have labels with line ends and other control characters, and gives them back as they came', async () => {
    const gatewayId = newGateway();
    const labels = { ends: 'one\r\n"two"\n', others: '\t\u0001\u001B[2J\u007F\u009B' };
    const series = [{ id: 7, name: 'temperature', unit: 1, labels }];
    assert.equal((await deliver(backend.url, batchOf([1], { gatewayId, series }))).sequence, 1);
    const url = `${backend.url}/v1/gateways/${gatewayId}/series`;
    const listed = await ask<{ series: { labels: object }[] }>(url);
    assert.deepEqual(listed.series[0]?.labels, labels);
  });

  it('may have labels as long as the limits allow', async () => {
    const gatewayId = newGateway();
    const labels = Object.fromEntries(
      span(1, 16).map((n) => [`${n}`.padStart(64, 'l'), '\u{1f321}'.repeat(128)]),
    );
    const series = [{ id: 7, name: 'ü'.repeat(128), unit: 1, labels }];
    assert.equal((await deliver(backend.url, batchOf([1], { gatewayId, series }))).sequence, 1);
    assert.equal((await deliver(backend.url, batchOf([2], { gatewayId, series }))).sequence, 2);
  });
});

describe('a batch that breaks the contract', () => {
  const series = (changes: perigee.v1.Series.$Properties): perigee.v1.Batch.$Properties =>
    batchOf([1], { series: [{ id: 7, name: 'temperature', ...changes }] });
  const lone = (changes: perigee.v1.Observation.$Properties): perigee.v1.Batch.$Properties =>
    batchOf([], { observations: [observation(1, changes)] });
  const run = (changes: perigee.v1.Run.$Properties): perigee.v1.Batch.$Properties =>
    batchOf([1], { runs: [{ id: RUN, ...changes }] });
  const broken: Readonly<Record<string, readonly [perigee.v1.Batch.$Properties, RegExp]>> = {
    'names no gateway': [batchOf([1], { gatewayId: '' }), /gateway_id/],
    'names a gateway in capitals': [batchOf([1], { gatewayId: GATEWAY.toUpperCase() }), /gateway_id/],
    'has no epoch': [batchOf([1], { epoch: 0 }), /epoch/],
    'has an epoch beyond the range': [batchOf([1], { epoch: 2 ** 31 }), /epoch/],
    'carries nothing': [batchOf([]), /neither/],
    'begins at sequence 0': [batchOf([0]), /sequence/],
    'repeats a sequence': [batchOf([1, 2, 2]), /increase/],
    'goes back': [batchOf([2, 1]), /increase/],
    'has a sequence beyond what a number holds': [batchOf([2 ** 53]), /sequence/],
    'declares more lost than there was': [batchOf([3], { lostBefore: 3 }), /lost_before/],
    'names a series that it does not describe': [lone({ seriesIds: [8] }), /series 8/],
    'has fewer values than series': [lone({ values: [] }), /fewer/],
    'has a run id that is none': [lone({ runId: 'hello' }), /run_id/],
    'describes two series by one id': [
      batchOf([1], {
        series: [
          { id: 7, name: 'a' },
          { id: 7, name: 'b' },
        ],
      }),
      /same id/,
    ],
    'has a series with no name': [series({ name: '' }), /no name/],
    'has a series with a long name': [series({ name: 'n'.repeat(129) }), /longer than 128/],
    'has a NUL in a name': [series({ name: 'a\0b' }), /control character/],
    'has a NUL in a label': [series({ labels: { image: 'a\0' } }), /a NUL or half/],
    'has a control character in a name': [series({ name: 'a\u001Bb' }), /control character/],
    'has a line break in a label': [series({ labels: { 'a\nb': '' } }), /control character/],
    'has too many labels': [
      series({ labels: Object.fromEntries(span(1, 17).map((n) => [`l${n}`, ''])) }),
      /17 are more than 16/,
    ],
    'has too many series': [
      batchOf([1], { series: span(1, 10_001).map((id) => ({ id, name: 's' })) }),
      /10001 are more/,
    ],
    'has too many observations': [batchOf(span(1, 10_001)), /10001 are more/],
    'has too many samples': [
      lone({ seriesIds: Array<number>(100_001).fill(7), values: Array<number>(100_001).fill(0.5) }),
      /more than 100000 samples/,
    ],
    'has a run whose id is none': [run({ id: 'x' }), /run's id/],
    'has a run with a long reason': [run({ endReason: 'r'.repeat(1025) }), /longer than 1024/],
    'has a run with a phase that is no number': [run({ boot: { spawnedMs: NaN } }), /spawnedMs/],
    'has a run with a long first fault': [run({ faults: { first: 'f'.repeat(1025) } }), /longer than 1024/],
    'has a run with more faults than a number holds': [run({ faults: { badFrames: 2 ** 53 } }), /bad_frames/],
    'has a run with a NUL in its cause': [run({ cause: { kind: 'a\0b' } }), /control character/],
    'has a run with too many arguments': [
      run({ commandLine: Array<string>(257).fill('-x') }),
      /more than 256/,
    ],
  };
  for (const [what, [batch, reason]] of Object.entries(broken)) {
    it(`is refused when it ${what}`, async () => {
      const before = await backend.totals();
      const { status, error, cure } = await complaintOf(await post(backend.url, encode(batch)));
      assert.equal(status, 400);
      assert.match(error, reason);
      assert.notEqual(cure, '');
      assert.deepEqual(await backend.totals(), before);
    });
  }

  it('is refused as a whole when only its last observation is bad', async () => {
    const gatewayId = newGateway();
    const observations = [observation(1), observation(2), observation(3, { seriesIds: [9] })];
    assert.equal((await post(backend.url, encode(batchOf([], { gatewayId, observations })))).status, 400);
    assert.equal((await fetch(`${backend.url}/v1/gateways/${gatewayId}`)).status, 404);
  });

  it('is refused wherever it is cut short, and leaves nothing', async () => {
    const gatewayId = newGateway();
    const bytes = encode(batchOf([1], { gatewayId }));
    for (let length = 0; length < bytes.length; length++) {
      const response = await post(backend.url, bytes.slice(0, length));
      assert.equal(
        response.status,
        400,
        `cut after ${length} of ${bytes.length} bytes: ${await response.text()}`,
      );
    }
    assert.equal((await fetch(`${backend.url}/v1/gateways/${gatewayId}`)).status, 404);
  });

  it('never makes the backend fail, whichever byte is wrong', async () => {
    const bytes = encode(batchOf([1, 2], { gatewayId: newGateway(), runs: [{ id: RUN, image: 'hello' }] }));
    for (const [at, byte] of bytes.entries()) {
      const wrong = bytes.slice();
      wrong[at] = byte ^ 0xff;
      const { status } = await post(backend.url, wrong);
      assert.ok(status === 200 || status === 400, `byte ${at}: status ${status}`);
    }
  });

  it('is refused with 413 when it is larger than a mebibyte', async () => {
    const { status, cure } = await complaintOf(await post(backend.url, new Uint8Array(1024 * 1024 + 1)));
    assert.equal(status, 413);
    assert.match(cure, /1048576/);
  });

  it('is refused with 415 when it is JSON', async () => {
    const response = await fetch(`${backend.url}/v1/batches`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    });
    const { status, cure } = await complaintOf(response);
    assert.equal(status, 415);
    assert.match(cure, /x-protobuf/);
  });

  it('is forgotten when the sender hangs up in its middle', async () => {
    const gatewayId = newGateway();
    const bytes = encode(batchOf([1], { gatewayId }));
    const headers = { 'content-type': 'application/x-protobuf', 'content-length': String(bytes.length) };
    const outgoing = request(`${backend.url}/v1/batches`, { method: 'POST', headers });
    const ended = new Promise((resolve) => outgoing.on('error', resolve).on('close', resolve));
    outgoing.write(bytes.subarray(0, bytes.length - 1), () => outgoing.destroy());
    await ended;
    await ask(`${backend.url}/healthz`);
    assert.equal((await fetch(`${backend.url}/v1/gateways/${gatewayId}`)).status, 404);
  });
});
