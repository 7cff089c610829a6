import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { MAX_CONNECTIONS } from '../../src/guestnet/stack.js';
import {
  LINE_MAX_BYTES,
  LINE_NAME_MAX_CHARACTERS,
  LINE_SERIES_MAX,
  LINE_TAGS_MAX,
  LINE_TAG_VALUE_MAX_CHARACTERS,
  SAMPLES_BURST_MAX,
  SAMPLES_PER_SECOND_MAX,
} from '../../src/metrics/limits.js';
import { PACKAGE_ROOT } from '../../src/platform/index.js';
import { hear, shortReadings } from './support-lines.js';

const text = readFileSync(join(PACKAGE_ROOT, 'docs/metrics.md'), 'utf8');

function example(language: string): string {
  const fence = new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``);
  return fence.exec(text)?.[1] ?? assert.fail(`an example in ${language}`);
}

describe('docs/metrics.md', () => {
  it('shows lines that are all taken', () => {
    assert.deepEqual(shortReadings(hear(example('influx'))), [
      'room_celsius 21.5',
      'mem_free_bytes{node="0"} 912340',
      'mem_used_percent{node="0"} 7.8',
      'door_open 1',
      'link_rx_bytes_total{name="uplink 2"} 123456',
    ]);
  });

  it('shows a shell that reports', () => {
    const printed = execFileSync('sh', ['-c', example('sh')]);
    assert.deepEqual(shortReadings(hear(printed)), [
      'room_celsius -4.25',
      'mem_free_bytes{pool="main"} 912340',
    ]);
  });

  it('names every limit as it is', () => {
    const values = [...text.matchAll(/^\| .* \| (\d+) \|$/gm)].map(([, value]) => Number(value));
    assert.deepEqual(values, [
      SAMPLES_PER_SECOND_MAX,
      SAMPLES_BURST_MAX,
      LINE_SERIES_MAX,
      MAX_CONNECTIONS,
      LINE_MAX_BYTES,
      LINE_TAGS_MAX,
      LINE_NAME_MAX_CHARACTERS,
      LINE_TAG_VALUE_MAX_CHARACTERS,
    ]);
  });
});
