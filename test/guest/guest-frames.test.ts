import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { perigee } from '@perigee/proto';
import { temporaryFolder, type TemporaryFolder } from './support-build.js';
import { compileCodec, runCodec, type CodecRecord } from './support-codec.js';
import { encodeDeclare, encodeDone, encodeHello, encodeReport } from './support-encode.js';
import { DOUBLES, LARGEST_UINT32 } from './support-host-frames.js';

const { GuestFrame, Unit } = perigee.v1;

describe('the guest’s encoder of its frames', () => {
  let folder: TemporaryFolder;
  let program: string;

  before(async () => {
    folder = await temporaryFolder();
    program = join(folder.path, 'codec');
    await compileCodec(program);
  });
  after(() => folder[Symbol.asyncDispose]());

  const run = (records: readonly CodecRecord[]): Promise<string[][]> => runCodec(program, records);

  it('writes guest frames that are the schema’s encoder’s, byte for byte', async () => {
    const report = {
      guestUs: 123456789,
      windowEndUs: Number.MAX_SAFE_INTEGER,
      values: DOUBLES.map((value, index) => ({ metric: 2 ** index * 100, value })),
    };
    const cases = [
      {
        record: encodeHello('hostsense', '0.1.0'),
        frame: { hello: { protocol: 1, image: 'hostsense', version: '0.1.0' } },
      },
      {
        record: encodeDeclare(1, Unit.UNIT_MILLISECONDS, 'guest_boot'),
        frame: { declare: { metric: 1, name: 'guest_boot', unit: Unit.UNIT_MILLISECONDS } },
      },
      {
        record: encodeDeclare(LARGEST_UINT32, 10, 'a'.repeat(200)),
        frame: { declare: { metric: LARGEST_UINT32, name: 'a'.repeat(200), unit: 10 } },
      },
      { record: encodeReport(report), frame: { report } },
      { record: encodeDone(7), frame: { done: { status: 7 } } },
      { record: encodeDone(0), frame: { done: {} } },
    ];
    const answers = await run(cases.map(({ record }) => record));
    const expected = cases.map(({ frame }) => [
      `bytes ${Buffer.from(GuestFrame.encode(frame).ldelim().finish()).toString('hex')}`,
    ]);
    assert.deepEqual(answers, expected);
  });

  it('leaves out what is zero, and keeps a negative zero', async () => {
    const [lines] = await run([
      encodeReport({
        guestUs: 0,
        windowEndUs: 0,
        values: [
          { metric: 1, value: 0 },
          { metric: 2, value: -0 },
        ],
      }),
    ]);
    const frame = GuestFrame.decode(
      Buffer.from((lines?.[0] ?? '').slice('bytes '.length), 'hex').subarray(1),
    );
    assert.deepEqual(
      frame.report?.values?.map(({ metric, value }) => [metric, value]),
      [
        [1, 0],
        [2, -0],
      ],
    );
  });

  it('writes nothing behind its room, however small that is', async () => {
    const report = {
      guestUs: 1,
      windowEndUs: 2,
      values: [
        { metric: 3, value: 4 },
        { metric: 5, value: 6 },
      ],
    };
    const [whole] = await run([encodeReport(report)]);
    const bytes = ((whole?.[0] ?? '').length - 'bytes '.length) / 2;
    const answers = await run(Array.from({ length: bytes }, (_, room) => encodeReport(report, room)));
    assert.deepEqual(answers, Array(bytes).fill(['full']));
  });
});
