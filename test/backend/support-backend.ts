import assert from 'node:assert/strict';
import { perigee } from '@perigee/proto';

export const GATEWAY = '0123456789abcdef';
export const RUN = '00112233445566aa';

type WireBatch = perigee.v1.Batch.$Properties;

/** One series, `temperature`, with one sample for each sequence; the value is the sequence. */
export function batchOf(sequences: readonly number[], changes: WireBatch = {}): WireBatch {
  return {
    gatewayId: GATEWAY,
    epoch: 1,
    series: [
      { id: 7, name: 'temperature', unit: perigee.v1.Unit.UNIT_CELSIUS, labels: { image: 'hostsense' } },
    ],
    observations: sequences.map((sequence) => observation(sequence)),
    ...changes,
  };
}

export function observation(
  sequence: number,
  changes: perigee.v1.Observation.$Properties = {},
): perigee.v1.Observation.$Properties {
  return {
    sequence,
    monotonicUs: sequence * 1e6,
    wallMs: 1_700_000_000_000 + sequence * 1000,
    runId: RUN,
    seriesIds: [7],
    values: [sequence],
    ...changes,
  };
}

/** Whole numbers from `first` to `last`. */
export function span(first: number, last: number): readonly number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

export function encode(batch: WireBatch): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(perigee.v1.Batch.encode(batch).finish());
}

export async function post(url: string, body: Uint8Array<ArrayBuffer>): Promise<Response> {
  const headers = { 'content-type': 'application/x-protobuf' };
  return fetch(`${url}/v1/batches`, { method: 'POST', headers, body });
}

/** Posts a batch that must be taken. */
export async function deliver(url: string, batch: WireBatch): Promise<perigee.v1.BatchReceipt> {
  const response = await post(url, encode(batch));
  assert.equal(response.status, 200, response.status === 200 ? '' : await response.text());
  assert.equal(response.headers.get('content-type'), 'application/x-protobuf');
  return perigee.v1.BatchReceipt.decode(new Uint8Array(await response.arrayBuffer()));
}

export interface Complaint {
  readonly status: number;
  readonly error: string;
  readonly cure: string;
}

export async function complaintOf(response: Response): Promise<Complaint> {
  const body = (await response.json()) as Omit<Complaint, 'status'>;
  return { status: response.status, error: body.error, cure: body.cure };
}

/** GETs JSON that must be there. */
export async function ask<T>(url: string): Promise<T> {
  const response = await fetch(url);
  assert.equal(response.status, 200, url);
  return (await response.json()) as T;
}
