import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { temporaryFolder, type TemporaryFolder } from './support-build.js';
import { RESET, compileCodec, runCodec, type CodecRecord } from './support-codec.js';
import { EXAMPLES, delimited, encodeHost, mutated, randomBytes, showHost } from './support-host-frames.js';
import { random32 } from '../support/random.js';
import { bitsOf } from './support-values.js';

const HOST_FRAME_MAX = 1024;
const SENSORS_MAX = 16;

describe('the guest’s decoder of host frames', () => {
  let folder: TemporaryFolder;
  let program: string;

  before(async () => {
    folder = await temporaryFolder();
    program = join(folder.path, 'codec');
    await compileCodec(program);
  });
  after(() => folder[Symbol.asyncDispose]());

  const run = (records: readonly CodecRecord[]): Promise<string[][]> => runCodec(program, records);
  const decode = async (messages: readonly Uint8Array[]): Promise<string[]> => {
    const answers = await run(messages.map((bytes) => ({ operation: 'D', bytes })));
    assert.equal(answers.length, messages.length);
    return answers.map((lines) => lines.join('\n'));
  };

  it('reads every host frame that the schema’s encoder writes', async () => {
    const shown = await decode(EXAMPLES.map(({ frame }) => encodeHost(frame)));
    assert.deepEqual(
      shown,
      EXAMPLES.map((example) => example.shown),
    );
  });

  it('reads a stream the same way wherever it is split', async () => {
    const stream = Buffer.concat(EXAMPLES.map(({ frame }) => delimited(frame)));
    const splits = Array.from({ length: stream.length + 1 }, (_, at) => at);
    const records = splits.flatMap((at): CodecRecord[] => [
      RESET,
      { operation: 'C', bytes: stream.subarray(0, at) },
      { operation: 'C', bytes: stream.subarray(at) },
    ]);
    const answers = await run(records);
    const expected = EXAMPLES.map((example) => example.shown);
    for (const at of splits) {
      assert.deepEqual(
        [...(answers[at * 3 + 1] ?? []), ...(answers[at * 3 + 2] ?? [])],
        expected,
        `split at ${at}`,
      );
    }
  });

  it('reads a stream that comes byte by byte', async () => {
    const stream = Buffer.concat(EXAMPLES.map(({ frame }) => delimited(frame)));
    const answers = await run([...stream].map((byte) => ({ operation: 'C', bytes: Uint8Array.of(byte) })));
    assert.deepEqual(
      answers.flat(),
      EXAMPLES.map((example) => example.shown),
    );
  });

  it('finds every truncation of a message malformed', async () => {
    for (const { frame } of EXAMPLES) {
      const whole = encodeHost(frame);
      const cuts = Array.from({ length: Math.max(0, whole.length - 1) }, (_, at) =>
        whole.subarray(0, at + 1),
      );
      for (const shown of await decode(cuts)) assert.match(shown, /^fault a host frame is malformed$/);
    }
  });

  it('skips fields that it does not know, of every wire type', async () => {
    // Field 100: varint, 64 bits, bytes, 32 bits.
    const unknown = ['a00601', 'a1060102030405060708', 'a20603616263', 'a50601020304'].map((hex) =>
      Buffer.from(hex, 'hex'),
    );
    for (const { frame, shown } of EXAMPLES) {
      const known = encodeHost(frame);
      const before = await decode(unknown.map((extra) => Buffer.concat([extra, known])));
      const behind = await decode(unknown.map((extra) => Buffer.concat([known, extra])));
      assert.deepEqual([...before, ...behind], Array(unknown.length * 2).fill(shown));
    }
  });

  it('skips unknown fields inside of messages', async () => {
    const reading = Buffer.concat([Buffer.from('a20603616263', 'hex'), Buffer.from('0805', 'hex')]);
    const sense = Buffer.concat([Buffer.from('a006010807', 'hex'), Buffer.of(0x12, reading.length), reading]);
    const [shown] = await decode([Buffer.concat([Buffer.of(0x12, sense.length), sense])]);
    assert.equal(shown, `sense 7 5:${bitsOf(0)}`);
  });

  it('takes a message in two parts for one, and the last kind of two', async () => {
    const parts = Buffer.concat([
      encodeHost({ sense: { monotonicUs: 1, readings: [{ sensor: 1, value: 2 }] } }),
      encodeHost({ sense: { monotonicUs: 3, readings: [{ sensor: 4, value: 5 }] } }),
    ]);
    const kinds = Buffer.concat([encodeHost({ stop: {} }), encodeHost({ sense: { monotonicUs: 6 } })]);
    assert.deepEqual(await decode([parts, kinds]), [`sense 3 1:${bitsOf(2)} 4:${bitsOf(5)}`, 'sense 6']);
  });

  it('says what is wrong with a feed that asks too much', async () => {
    const sensors = (count: number): { sensor: number; name: string }[] =>
      Array.from({ length: count }, (_, index) => ({ sensor: index + 1, name: `s${index}` }));
    const shown = await decode([
      encodeHost({ feed: { sensors: sensors(SENSORS_MAX + 1) } }),
      encodeHost({ feed: { sensors: [{ sensor: 1, name: 'a'.repeat(33) }] } }),
      encodeHost({ feed: { sensors: [{ sensor: 1, name: 'Not Snake' }] } }),
      encodeHost({ feed: { sensors: [{ sensor: 1, name: '1st' }] } }),
      encodeHost({ feed: { sensors: [{ sensor: 1 }] } }),
      encodeHost({ feed: { sensors: [{ name: 'a' }] } }),
      encodeHost({
        feed: {
          sensors: [
            { sensor: 1, name: 'a' },
            { sensor: 1, name: 'b' },
          ],
        },
      }),
      encodeHost({
        sense: { readings: sensors(SENSORS_MAX + 1).map(({ sensor }) => ({ sensor, value: 1 })) },
      }),
    ]);
    assert.deepEqual(shown, [
      'fault a feed has more than 16 sensors',
      "fault a sensor's name is longer than 32 bytes",
      "fault a sensor's name is not snake_case",
      "fault a sensor's name is not snake_case",
      'fault a sensor has no name',
      'fault a sensor has no number',
      'fault two sensors have one number',
      'fault a sense has more than 16 readings',
    ]);
  });

  it('takes the longest frame and refuses the next longer one, from its count alone', async () => {
    // An unknown field of 1018 bytes, and a stop.
    const whole = Buffer.concat([
      Buffer.from('a206fa07', 'hex'),
      Buffer.alloc(1018),
      Buffer.from('1a00', 'hex'),
    ]);
    assert.equal(whole.length, HOST_FRAME_MAX);
    const answers = await run([
      { operation: 'C', bytes: Buffer.concat([Buffer.from('8008', 'hex'), whole]) },
      RESET,
      { operation: 'C', bytes: Buffer.from('8108', 'hex') },
      RESET,
      { operation: 'C', bytes: Buffer.from('8080', 'hex') },
      { operation: 'C', bytes: delimited({ stop: {} }) },
    ]);
    const tooLong = ['fault a host frame is longer than 1024 bytes'];
    assert.deepEqual(answers, [['stop'], [], tooLong, [], tooLong, tooLong]);
  });

  it('survives mutated and random bytes, and reads what it accepts as the schema’s decoder does', async () => {
    const random = random32(20250101);
    const messages = Array.from({ length: 20_000 }, () => mutated(random));
    const shown = await decode(messages);
    let accepted = 0;
    for (const [index, line] of shown.entries()) {
      assert.match(line, /^(fault [a-z0-9_' ]+|feed .*|sense .*|stop|start|other)$/);
      if (line.startsWith('fault ')) continue;
      accepted++;
      const rounded = line.replace(/^sense (\d+)/, (_, count: string) => `sense ${Number(count)}`);
      assert.equal(
        showHost(messages[index] ?? Buffer.alloc(0)),
        rounded,
        Buffer.from(messages[index] ?? []).toString('hex'),
      );
    }
    assert.ok(accepted > 500 && accepted < messages.length, `${accepted} accepted`);
  });

  it('survives random streams in random pieces', async () => {
    const random = random32(7);
    const records = Array.from({ length: 20_000 }, (): CodecRecord => {
      if (random() % 8 === 0) return RESET;
      const bytes = random() % 2 === 0 ? randomBytes(random, random() % 64) : mutated(random);
      return { operation: 'C', bytes };
    });
    assert.equal((await run(records)).length, records.length);
  });
});
