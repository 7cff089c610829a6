import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BOOT_LOGS } from './support-boot-logs.js';
import { hear, shortReadings } from './support-lines.js';

const ESC = '\u001b';
/** What firmware sends before a kernel has said anything. */
const FIRMWARE = `${ESC}c${ESC}[?7l${ESC}[2J${ESC}[0mSeaBIOS (version 1.16.2)\r\n${ESC}[1;1HBooting from ROM..`;
const POINT = 'room celsius=21.5';

describe('the console of a guest that reports nothing', () => {
  for (const [family, log] of Object.entries(BOOT_LOGS)) {
    it(`of ${family} has no metric and no fault`, () => {
      for (const end of ['\n', '\r\n']) assert.deepEqual(hear(FIRMWARE, log.replaceAll('\n', end)), []);
    });

    it(`of ${family} has none either when every word of it stands on a line of its own`, () => {
      assert.deepEqual(hear(log.replaceAll(/\s+/g, '\n')), []);
    });

    it(`of ${family} hides no point that stands between two of its lines`, () => {
      const lines = log.split('\n');
      const mixed = lines.flatMap((line) => [line, POINT]).join('\r\n');
      assert.deepEqual(
        new Set(shortReadings(hear(FIRMWARE, '\r\n', mixed, '\r\n'))),
        new Set(['room_celsius 21.5']),
      );
      assert.equal(shortReadings(hear(mixed, '\r\n')).length, lines.length);
    });
  }

  it('is no metric either where a line of log has a point behind a prefix, or a point has words behind it', () => {
    for (const line of [`[    1.234567] ${POINT}`, `INFO ${POINT}`, `app: ${POINT}`, `${POINT} and rising`])
      assert.deepEqual(hear(`${line}\n`), [], line);
  });
});

describe('a line of log that is line protocol to the letter', () => {
  it('is a metric: nothing tells it apart', () => {
    assert.deepEqual(shortReadings(hear('listening port=8080\n')), ['listening_port 8080']);
  });
});
