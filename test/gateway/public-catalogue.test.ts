import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MAX_ATTRIBUTE_BYTES } from '@perigee/gatt';
import { perigee } from '@perigee/proto';
import { loadConfig, type FeaturedMetric } from '../../src/config/index.js';
import { publicCatalogue } from '../../src/gateway/public-catalogue.js';

const metric = (label: string, series: string): FeaturedMetric => ({ label, series, unit: 'celsius' });
const decoded = (featured: readonly FeaturedMetric[]): perigee.v1.PublicCatalogue => {
  const bytes = publicCatalogue(featured);
  assert.ok(bytes.length <= MAX_ATTRIBUTE_BYTES);
  return perigee.v1.PublicCatalogue.decode(bytes);
};

describe('the catalogue for everyone', () => {
  it('has the label, the unit and the series of what is featured by default', () => {
    const { metrics, omitted } = decoded(loadConfig({ overrides: [], env: {} }).radio.featured);
    assert.equal(omitted, 0);
    assert.equal(metrics.length, 8);
    const { id, label, series, unit } = metrics[4] ?? {};
    assert.deepEqual(
      [id, label, unit, series],
      [4, 'CPU temperature', 'celsius', 'cpu_temperature_mean{image="hostsense"}'],
    );
  });

  it('leaves out the series of the last metrics before it leaves out metrics', () => {
    const long = Array.from({ length: 16 }, (_, i) => metric(`Metric ${i}`, `s${i}${'x'.repeat(40)}`));
    const { metrics, omitted } = decoded(long);
    assert.equal(omitted, 0);
    assert.equal(metrics.length, 16);
    const withSeries = metrics.filter(({ series }) => series !== '').length;
    assert.ok(withSeries > 0 && withSeries < 16);
    assert.deepEqual(
      metrics.map(({ series }) => series !== ''),
      metrics.map((_, i) => i < withSeries),
    );
  });

  it('says how many metrics it had no room for', () => {
    const wide = Array.from({ length: 16 }, (_, i) => metric('温'.repeat(32), `s${i}`));
    const { metrics, omitted } = decoded(wide);
    assert.ok(metrics.length > 0 && omitted > 0);
    assert.equal(metrics.length + omitted, 16);
  });
});
