import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createQmpParser, qmpCommand, type QmpMessage } from '../../src/runner/qmp.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const GREETING =
  '{"QMP": {"version": {"qemu": {"micro": 22, "minor": 2, "major": 7}, "package": "Débian"}, "capabilities": []}}';
const STREAM = [
  GREETING,
  '{"return": {}}',
  '{"timestamp": {"seconds": 1}, "event": "RESUME"}',
  '{"event": "SHUTDOWN", "data": {"guest": true, "reason": "guest-reset"}}',
  '{"error": {"class": "GenericError", "desc": "no such command"}}',
  '',
].join('\r\n');
const EXPECTED: readonly QmpMessage[] = [
  { kind: 'greeting', version: '7.2.22' },
  { kind: 'answer' },
  { kind: 'event', name: 'RESUME', data: {} },
  { kind: 'event', name: 'SHUTDOWN', data: { guest: true, reason: 'guest-reset' } },
  { kind: 'refusal', detail: 'no such command' },
];

describe('QMP', () => {
  it('reads the same messages wherever the stream is split', () => {
    const whole = bytes(STREAM);
    for (let at = 0; at <= whole.length; at += 1) {
      const parse = createQmpParser();
      assert.deepEqual(
        [...parse(whole.subarray(0, at)), ...parse(whole.subarray(at))],
        EXPECTED,
        `split at ${at}`,
      );
    }
  });

  it('reads them byte by byte', () => {
    const parse = createQmpParser();
    assert.deepEqual(
      [...bytes(STREAM)].flatMap((byte) => parse(Uint8Array.of(byte))),
      EXPECTED,
    );
  });

  it('calls garbage what is no JSON object, and goes on', () => {
    const messages = createQmpParser()(bytes('hello\n[1]\n42\n{"x": 1}\n{"event": 5}\n{"return": {}}\n'));
    assert.deepEqual(
      messages.map(({ kind }) => kind),
      ['garbage', 'garbage', 'garbage', 'garbage', 'garbage', 'answer'],
    );
  });

  it('does not gather a line that never ends', () => {
    const parse = createQmpParser();
    const chunk = bytes('x'.repeat(60_000));
    assert.deepEqual(
      [...parse(chunk), ...parse(chunk)].map(({ kind }) => kind),
      ['garbage'],
    );
    assert.deepEqual(parse(bytes('\n{"return": {}}\n')), [{ kind: 'answer' }]);
  });

  it('writes a command as one line', () => {
    assert.equal(qmpCommand('cont'), '{"execute":"cont"}\n');
  });
});
