import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { loadConfig } from '../../src/config/index.js';
import { failsWith } from '../support/expect.js';
import { tempFolder } from '../support/temp.js';

const folder = tempFolder('config');
let files = 0;

function fileWith(text: string): string {
  const path = join(folder, `${++files}.yaml`);
  writeFileSync(path, text);
  return path;
}

/** Ten levels of nine references each: nine thousand million words, if anyone wrote them out. */
function billionLaughs(): string {
  const level = (name: string, below: string): string => `${name}: &${name} [${`${below},`.repeat(9)}]`;
  return Array.from({ length: 10 }, (_, i) => level(`l${i}`, i === 0 ? 'ha' : `*l${i - 1}`)).join('\n');
}

function mapsInMaps(depth: number): string {
  return Array.from({ length: depth }, (_, i) => `${' '.repeat(i)}a:`).join('\n');
}

const none = { overrides: [], env: {} };

describe('the configuration', () => {
  it('needs no file at all', () => {
    const config = loadConfig(none);
    assert.equal(config.web.host, '127.0.0.1');
    assert.deepEqual(config.keepRunning, ['hostsense']);
  });

  it('takes argv before env before file before defaults', () => {
    const file = fileWith('name: File\nweb: { port: 1000, host: file }\nradio: { driver: abandonware }');
    const env = { PERIGEE_NAME: 'Env', PERIGEE_WEB_PORT: '2000' };
    const config = loadConfig({ file, env, overrides: [['web.port', '3000']] });
    assert.equal(config.web.port, 3000);
    assert.equal(config.name, 'Env');
    assert.equal(config.web.host, 'file');
    assert.equal(config.radio.driver, 'abandonware');
    assert.equal(config.sync.intervalMs, 60_000);
  });

  it('finds keys of several words in the environment', () => {
    const env = { PERIGEE_RADIO_HCI_DEVICE: '2', PERIGEE_KEEP_RUNNING: '[hello]', PATH: '/bin' };
    const config = loadConfig({ ...none, env });
    assert.equal(config.radio.hciDevice, 2);
    assert.deepEqual(config.keepRunning, ['hello']);
  });

  it('tells a section of the environment from a key that begins like one', () => {
    const env = { PERIGEE_IMAGES_DIRECTORY: '/images', PERIGEE_IMAGES_REQUIRE_SIGNATURE: 'true' };
    const { images, imagesDirectory } = loadConfig({ env, overrides: [] });
    assert.deepEqual([imagesDirectory, images.requireSignature], ['/images', true]);
  });

  it('cannot be changed once it is parsed', () => {
    const config = loadConfig(none);
    assert.throws(() => Object.assign(config.web, { port: 1 }), TypeError);
  });

  const broken: readonly (readonly [why: string, text: string, message: RegExp])[] = [
    ['an unknown key', 'name: A\nwbe: {}', /wbe \(.*line [12]\)/],
    ['an unknown key below a section', 'web:\n  prot: 1', /web\.prot/],
    ['a wrong type', 'name: A\nweb:\n  port: eighty', /web\.port \(.*, line 3\): expected a number/],
    ['a number out of range', 'web:\n  port: 70000', /web\.port \(.*, line 2\)/],
    ['a fraction for a whole number', 'sync:\n  intervalMs: 1500.5', /sync\.intervalMs .*whole number/],
    ['a URL that is none', 'sync:\n  url: ftp://x', /sync\.url .*http/],
    ['text that is no YAML, once for many faults', 'web: [1\nname: }\n]]', /^[^;]*\(syntax\)[^;]*$/],
    ['a list in place of a map', '- a', /not valid/],
    ['a scalar in place of a map', 'hello', /not valid/],
    ['an alias of nothing', 'web: { port: 1 }\nname: *x', /name \(.*, line 2\): nothing above is called &x/],
    ['an alias in place of a key', 'name: A\n*x : 1', /line 2\): nothing above is called &x/],
    ['aliases that expand exponentially', billionLaughs(), /its aliases \(\*name\) expand/],
    ['brackets without end', `name: A\nweb: ${'['.repeat(60_000)}`, /line 2\): more than 100 levels deep/],
    [
      'lists in lists without end',
      `name: A\nweb:\n ${'- '.repeat(30_000)}`,
      /line 3\): more than 100 levels/,
    ],
    ['maps in maps without end', mapsInMaps(200), /line 102\): more than 100 levels/],
    [
      'a text that is longer than any configuration',
      `a: &a [${'x,'.repeat(9)}]\n${'b'.repeat(70_000)}: 1`,
      /longer than/,
    ],
  ];
  for (const [why, text, message] of broken) {
    it(`is refused for ${why}, with the key and the line`, () => {
      assert.throws(() => loadConfig({ ...none, file: fileWith(text) }), failsWith('config', message));
    });
  }

  it('names the variable that is wrong', () => {
    const env = { PERIGEE_WEB_PORT: 'x' };
    assert.throws(() => loadConfig({ ...none, env }), failsWith('config', /web\.port \(PERIGEE_WEB_PORT\)/));
  });

  it('names the command line when it is wrong', () => {
    const overrides = [['radio.mode', 'loud']] as const;
    assert.throws(
      () => loadConfig({ env: {}, overrides }),
      failsWith('config', /radio\.mode \(the command line\)/),
    );
  });

  it('refuses a key below one that holds a value, naming it and where it comes from', () => {
    const overrides = [
      ['web', '5'],
      ['web.port', '3'],
    ] as const;
    assert.throws(
      () => loadConfig({ env: {}, overrides }),
      failsWith('config', /web\.port \(the command line\): web is a value/),
    );
    assert.throws(
      () => loadConfig({ env: { PERIGEE_KEEP_RUNNING: '[hello]' }, overrides: [['keepRunning.0', 'x']] }),
      failsWith('config', /keepRunning\.0 \(the command line\): keepRunning is a value/),
    );
  });

  it('names the source of what is wrong inside a value, and of a section that does not exist', () => {
    assert.throws(
      () => loadConfig({ env: { PERIGEE_RADIO_FEATURED: '[{ label: x }]' }, overrides: [] }),
      failsWith('config', /radio\.featured\.0\.series \(PERIGEE_RADIO_FEATURED\)/),
    );
    assert.throws(
      () => loadConfig({ env: {}, overrides: [['wbe.port', '1']] }),
      failsWith('config', /wbe \(the command line\)/),
    );
  });

  it('keeps what the file says beside an overridden key, anchors and all', () => {
    const file = fileWith('name: &n Twin\nweb: { host: *n, port: 1 }');
    const config = loadConfig({ file, env: {}, overrides: [['name', 'Other']] });
    assert.deepEqual([config.name, config.web.host, config.web.port], ['Other', 'Twin', 1]);
  });

  it('takes an override that is no YAML as text', () => {
    assert.equal(loadConfig({ env: {}, overrides: [['name', '*x']] }).name, '*x');
    assert.equal(loadConfig({ env: {}, overrides: [['name', '[']] }).name, '[');
  });

  it('says which file cannot be read', () => {
    assert.throws(
      () => loadConfig({ ...none, file: join(folder, 'none.yaml') }),
      failsWith('config', /none\.yaml/),
    );
  });

  it('survives a key that would reach the prototype', () => {
    assert.throws(
      () => loadConfig({ env: {}, overrides: [['__proto__.polluted', '1']] }),
      failsWith('config', /__proto__/),
    );
    assert.equal(Object.hasOwn(Object.prototype, 'polluted'), false);
  });

  it('never repeats a key that it does not take', () => {
    const almost = '231d39c1d7cc1ab1aee224cd096db93';
    const isDiscreet = (error: Error): true => {
      assert.doesNotMatch(error.message, /1d39c1|345678/);
      return failsWith('config', /32 hexadecimal digits in quotes/)(error);
    };
    for (const value of [almost, `${almost}g`, '12345678901234567890123456789012', `'${almost}'`]) {
      const file = fileWith(`radio: { bthomeKey: ${value} }`);
      for (const sources of [
        { ...none, file },
        { ...none, overrides: [['radio.bthomeKey', value]] as const },
      ])
        assert.throws(() => loadConfig(sources), isDiscreet);
    }
    const key = "'12345678901234567890123456789012'";
    assert.equal(
      loadConfig({ env: { PERIGEE_RADIO_BTHOME_KEY: key }, overrides: [] }).radio.bthomeKey?.length,
      32,
    );
  });

  it('refuses a quantity in a unit that it never has, and says which it can have', () => {
    const featured = (unit: string, quantity: string): string =>
      `[{ series: x, label: X, unit: ${unit}, quantity: ${quantity} }]`;
    const wrong = { ...none, overrides: [['radio.featured', featured('celsius', 'humidity')]] as const };
    assert.throws(
      () => loadConfig(wrong),
      failsWith('config', /a humidity in celsius is none: its unit can be percent/),
    );
    const right = { ...none, overrides: [['radio.featured', featured('percent', 'humidity')]] as const };
    assert.equal(loadConfig(right).radio.featured[0]?.quantity, 'humidity');
  });

  it('refuses beacons of one name, and shows nobody a key that is none', () => {
    const address = '54:48:e6:8f:80:a5';
    const beacons = (text: string) => ({ ...none, overrides: [['sensors.beacons', text]] as const });
    const porch = `{ name: porch, address: '${address}' }`;
    assert.equal(loadConfig(beacons(`[${porch}]`)).sensors.beacons[0]?.address, address);
    assert.throws(
      () => loadConfig(beacons(`[${porch}, ${porch}]`)),
      failsWith('config', /two beacons have one name/),
    );
    const second = `{ name: cellar, address: '${address.toUpperCase()}' }`;
    assert.throws(
      () => loadConfig(beacons(`[${porch}, ${second}]`)),
      failsWith('config', /two beacons have one address/),
    );
    assert.throws(
      () => loadConfig(beacons(`[{ name: a, address: '${address}', key: 'secret' }]`)),
      (error: Error) => error.message.includes('sensors.beacons.0.key') && !error.message.includes('secret'),
    );
  });
});
