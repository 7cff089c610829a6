import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { blames, bytesOf, dropped, hear, readings, shortReadings } from './support-lines.js';

describe('a line of line protocol', () => {
  it('becomes one sample a field, named measurement_field, with the image and its tags as labels', () => {
    assert.deepEqual(hear('mem,node=a,zone=b free_bytes=12i,used_percent=3.5 1700000000000000000\n'), [
      {
        kind: 'report',
        samples: [
          {
            series: {
              name: 'mem_free_bytes',
              labels: { image: 'sensor', node: 'a', zone: 'b' },
              unit: 'bytes',
            },
            value: 12,
          },
          {
            series: {
              name: 'mem_used_percent',
              labels: { image: 'sensor', node: 'a', zone: 'b' },
              unit: 'percent',
            },
            value: 3.5,
          },
        ],
        windowEndUs: 0,
        guestUs: 0,
        dropped: 0,
      },
    ]);
  });

  it('is named after the measurement alone when its field is "value"', () => {
    assert.deepEqual(readings(hear('door_open value=t\n')), ['door_open{image="sensor"} 1']);
  });

  const values: Readonly<Record<string, number>> = {
    '1': 1,
    '-1': -1,
    '1.5': 1.5,
    '1.': 1,
    '.5': 0.5,
    '-0.25': -0.25,
    '1e3': 1000,
    '1E+3': 1000,
    '-1.5e-3': -0.0015,
    '-1e300': -1e300,
    '5e-324': Number.MIN_VALUE,
    '12i': 12,
    '-12i': -12,
    '9223372036854775807i': 2 ** 63,
    '99999999999999999999999i': 1e23,
    '18446744073709551615u': 2 ** 64,
    '007': 7,
  };
  for (const [text, value] of Object.entries(values)) {
    it(`has the number ${text} as it is`, () => {
      assert.deepEqual(shortReadings(hear(`m v=${text}\n`)), [`m_v ${value}`]);
    });
  }

  it('has booleans as 1 and 0', () => {
    for (const text of ['t', 'T', 'true', 'True', 'TRUE'])
      assert.deepEqual(shortReadings(hear(`m v=${text}\n`)), ['m_v 1']);
    for (const text of ['f', 'F', 'false', 'False', 'FALSE'])
      assert.deepEqual(shortReadings(hear(`m v=${text}\n`)), ['m_v 0']);
  });

  it('loses and counts numbers that are not finite or could make an average so, and keeps the others', () => {
    for (const text of [
      '1.1e300',
      '-1.7976931348623157e308',
      'nan',
      'NaN',
      '-nan',
      'inf',
      '-inf',
      '+Inf',
      'Infinity',
      '-INFINITY',
      '1e999',
      '-1e999',
    ]) {
      const events = hear(`m v=${text},w=1\n`);
      assert.deepEqual(shortReadings(events), ['m_w 1'], text);
      assert.equal(dropped(events), 1, text);
      assert.deepEqual(blames(events), []);
    }
    assert.equal(dropped(hear(`m v=${'9'.repeat(400)}i\n`)), 1);
  });

  it('may have text, which is ignored, whatever is in it', () => {
    const texts = ['', 'plain', 'a b', 'a,b=1', String.raw`say \"hi\" a=1`, String.raw`C:\\`, 'größer 😀'];
    for (const text of texts)
      assert.deepEqual(shortReadings(hear(`m note="${text}",v=1,other="${text}"\n`)), ['m_v 1'], text);
  });

  it('says nothing when it has only text', () => {
    assert.deepEqual(hear('m note="hello"\nm,image=x note="hello"\n'), []);
  });

  it('may have a timestamp, of any time, which changes nothing', () => {
    for (const time of ['0', '-1', '1', '1700000000', '9223372036854775807', '-9223372036854775808'])
      assert.deepEqual(hear(`m v=1 ${time}\n`), hear('m v=1\n'), time);
  });

  it('may escape a comma, an equals sign and a space in a tag, and a backslash stands for itself', () => {
    const forms: Readonly<Record<string, string>> = {
      [String.raw`a\,b`]: 'a,b',
      [String.raw`a\=b`]: 'a=b',
      [String.raw`a\ b`]: 'a b',
      [String.raw`a\b`]: String.raw`a\b`,
      [String.raw`a\\b`]: String.raw`a\\b`,
      [String.raw`C:\dir\ x`]: String.raw`C:\dir x`,
      '"quoted"': '"quoted"',
      Küche: 'Küche',
      厨房: '厨房',
      '😀': '😀',
    };
    for (const [written, meant] of Object.entries(forms))
      assert.deepEqual(shortReadings(hear(`m,t=${written} v=1\n`)), [`m_v{t=${JSON.stringify(meant)}} 1`]);
  });

  it('is one series whatever the order of its tags', () => {
    const [first, second] = hear('m,a=1,b=2 v=1\nm,b=2,a=1 v=2\n').flatMap((event) =>
      event.kind === 'report' ? event.samples : [],
    );
    assert.equal(first?.series, second?.series);
  });

  it('may say a series twice: the second is a later report, and all else goes with it', () => {
    const events = hear('m v=1\nn v=2\nm v=3,v=4\nn v=5\n');
    assert.deepEqual(
      events.map((event) => shortReadings([event])),
      [['m_v 1', 'n_v 2'], ['m_v 3'], ['m_v 4', 'n_v 5']],
    );
  });
});

describe('a line that is no line protocol', () => {
  const texts = [
    'm',
    'm ',
    'm v',
    'm v=',
    'm =1',
    ' m v=1',
    'm v=1 ',
    'm  v=1',
    'm v=1  5',
    'm v=1, w=2',
    'm v=1 w=2',
    'm v=1,',
    'm ,v=1',
    'm, v=1',
    'm,t v=1',
    'm,t= v=1',
    'm,=x v=1',
    'm,t=a=b v=1',
    'm,t=a\\ v=1',
    'm\tv=1',
    'M v=1',
    'Mem v=1',
    'm V=1',
    'm,T=x v=1',
    '1m v=1',
    '_m v=1',
    'm-x v=1',
    'm.x v=1',
    'm: v=1',
    'm\\ x v=1',
    'm v-w=1',
    'm v=1s',
    'm v=1ms',
    'm v=10.0.0.1',
    'm v=0x10',
    'm v=1,5',
    'm v=1_000',
    'm v=+1',
    'm v=--1',
    'm v=1e',
    'm v=.',
    'm v=-',
    'm v=1.5i',
    'm v=-1u',
    'm v=i',
    'm v=yes',
    'm v=tRUE',
    'm v=none',
    'm v="a',
    'm v=a"',
    'm v="a"b',
    "m v='a'",
    'm v=1 now',
    'm v=1 1.5',
    'm v=1 12345678901234567890',
    'm v=1;w=2',
    '# m v=1',
    '> m v=1',
    'v=1',
    'v=1 2',
    'é v=1',
    'm é=1',
  ];
  for (const text of texts) {
    it(`is "${text}", which is neither a sample nor a fault`, () => {
      assert.deepEqual(hear(`${text}\n`), []);
    });
  }

  it('is one with a character that cannot be seen, also in a tag or a text', () => {
    for (const odd of [
      '\u0007',
      '\u0008',
      '\t',
      '\u007f',
      '\u0085',
      '\u200b',
      '\u2028',
      '\u202e',
      '\ufeff',
    ]) {
      assert.deepEqual(hear(`m,t=a${odd}b v=1\n`), [], JSON.stringify(odd));
      assert.deepEqual(hear(`m v=1,note="a${odd}b"\n`), [], JSON.stringify(odd));
    }
  });

  it('is one that is not UTF-8', () => {
    const spoilt = {
      'a lone continuation': [0x80],
      'a byte that begins nothing': [0xff],
      'a character cut short': [0xc3],
      'a character cut short within': [0xe5, 0x8e],
      'an overlong slash': [0xc0, 0xaf],
      'an overlong slash in three bytes': [0xe0, 0x80, 0xaf],
      'a surrogate': [0xed, 0xa0, 0x80],
      'a point beyond Unicode': [0xf4, 0x90, 0x80, 0x80],
      'a form that is none': [0xf8, 0x88, 0x80, 0x80, 0x80],
    };
    for (const [what, bad] of Object.entries(spoilt)) {
      const line = Uint8Array.from([...bytesOf('m,t=a'), ...bad, ...bytesOf('b v=1\nm v=2\n')]);
      assert.deepEqual(shortReadings(hear(line)), ['m_v 2'], what);
    }
  });
});
