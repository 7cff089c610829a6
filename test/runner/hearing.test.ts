import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseImageName } from '../../src/domain/index.js';
import { FLAVOUR_FACTS } from '../../src/images/index.js';
import { createGuestDecoder, createLineDecoder } from '../../src/metrics/index.js';
import { systemClock } from '../../src/platform/index.js';
import { Hearing, type Heard } from '../../src/runner/hearing.js';

/** All that is dropped of what a guest prints, and why. */
function droppedOf(...printed: readonly string[]): readonly Heard[] {
  const image = parseImageName('hello');
  const lines = createLineDecoder({ image });
  const heard: Heard[] = [];
  const hearing = new Hearing(
    {
      ...{ clock: systemClock, ends: FLAVOUR_FACTS.raw.ends, readyText: undefined, lines },
      ...{ decoder: createGuestDecoder({ image }), network: lines },
    },
    (what) => heard.push(what),
  );
  for (const text of printed) hearing.console(Buffer.from(text));
  return heard.filter(({ kind }) => kind === 'dropped' || kind === 'bad-frame');
}

describe('values on a console that are not taken', () => {
  it('are counted with the rule that they are against, and are no message that was not understood', () => {
    const detail = "a line has the tag image, which is the gateway's";
    assert.deepEqual(droppedOf('m,image=other a=1,b=2\nm a=1\n'), [{ kind: 'dropped', values: 2, detail }]);
  });

  it('are counted with no rule where they are against none', () => {
    const detail = 'values that were no finite numbers, or over a limit, were dropped';
    const against = droppedOf('m,image=other a=1\n', 'm a=nan\n');
    assert.deepEqual(against[1], { kind: 'dropped', values: 1, detail });
  });
});
