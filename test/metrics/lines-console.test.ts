import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LINE_MAX_BYTES } from '../../src/metrics/limits.js';
import { hear, shortReadings, unitsOf } from './support-lines.js';

const ESC = '\u001b';

describe('lines on a console', () => {
  it('end with LF, CR LF, LF CR or CR, and empty ones are nothing', () => {
    for (const end of ['\n', '\r\n', '\n\r', '\r', '\r\r\n', '\n\n'])
      assert.deepEqual(shortReadings(hear(`boot${end}m v=1${end}n v=2${end}`)), ['m_v 1', 'n_v 2']);
  });

  it('are not taken before their end, which could bring another digit', () => {
    assert.deepEqual(hear('m v=12'), []);
    assert.deepEqual(shortReadings(hear('m v=12', '34\n')), ['m_v 1234']);
  });

  it('may begin and end with escape sequences', () => {
    for (const code of [
      `${ESC}[0m`,
      `${ESC}[2J${ESC}[1;1H`,
      `${ESC}c`,
      `${ESC}(B`,
      `${ESC}[?7l`,
      `${ESC}[38;5;9m`,
    ]) {
      assert.deepEqual(shortReadings(hear(`${code}m v=1\r\n`)), ['m_v 1'], JSON.stringify(code));
      assert.deepEqual(shortReadings(hear(`m v=1${code}\r\n`)), ['m_v 1'], JSON.stringify(code));
    }
  });

  it('are text with an escape sequence inside, or with a broken one', () => {
    const lines = [
      'm @[1mv=1',
      'm v=@[1m1',
      'm v=1@[0m0',
      'm v=1@[',
      'm v=1@',
      'm v=1@[1;',
      '@[\u0001m v=1',
      '@',
    ];
    for (const line of lines) assert.deepEqual(hear(`${line.replace('@', ESC)}\n`), [], line);
  });

  it('lose their NUL bytes', () => {
    assert.deepEqual(shortReadings(hear('\0\0\0m v=1\0\n\0n v=2\n')), ['m_v 1', 'n_v 2']);
  });

  it(`are taken up to ${LINE_MAX_BYTES} bytes, and skipped whole beyond`, () => {
    const lineOf = (bytes: number): string => `m note="${'x'.repeat(bytes - 13)}",v=1`;
    assert.equal(lineOf(LINE_MAX_BYTES).length, LINE_MAX_BYTES);
    assert.deepEqual(shortReadings(hear(`${lineOf(LINE_MAX_BYTES)}\n`)), ['m_v 1']);
    assert.deepEqual(hear(`${lineOf(LINE_MAX_BYTES + 1)}\n`), []);
    assert.deepEqual(shortReadings(hear(`${'x'.repeat(LINE_MAX_BYTES)}m v=1\nm v=2\n`)), ['m_v 2']);
    assert.deepEqual(shortReadings(hear(`m v=1${'0'.repeat(5000)}\nm v=2\n`)), ['m_v 2']);
  });
});

describe("a series' unit", () => {
  const names: Readonly<Record<string, string>> = {
    mem_free_bytes: 'bytes',
    rx_bytes_total: 'bytes',
    cpu_percent: 'percent',
    room_celsius: 'celsius',
    latency_ms: 'milliseconds',
    latency_milliseconds: 'milliseconds',
    uptime_seconds: 'seconds',
    cpu_seconds_total: 'seconds',
    request_count: 'count',
    requests_total: 'count',
    rx_bytes_per_second: 'bytes-per-second',
    drift_celsius_per_second: 'celsius-per-second',
    fill_percent_per_second: 'percent-per-second',
    requests_per_second: 'per-second',
    bytes: 'bytes',
    items: 'none',
    alarms: 'none',
    discount: 'none',
    bytes_free: 'none',
    free_kilobytes: 'none',
    microseconds: 'none',
    voltage: 'none',
  };
  for (const [name, unit] of Object.entries(names)) {
    it(`is ${unit} for ${name}`, () => assert.deepEqual(unitsOf(hear(`${name} value=1\n`)), [unit]));
  }

  it('is told by the field as well as by the measurement', () => {
    assert.deepEqual(unitsOf(hear('room celsius=1\nroom_celsius value=1\n')), ['celsius', 'celsius']);
  });
});
