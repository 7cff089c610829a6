import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import { seriesKey, type HistoryPoint, type Series } from '../domain/index.js';
import { statisticsOf, type ExportShape, type Sink, type WritePiece } from './export-shape.js';

/** Written together: a few megabytes in memory, and enough for a reader to skip by. */
const ROWS_TOGETHER = 16_384;
const STATISTICS = ['count', 'mean', 'min', 'max', 'last'];

/** Columns: the series, its name, each label that one of them has, the time, and what was measured. */
export function parquetSink({ isRaw, series }: ExportShape, write: WritePiece): Sink {
  const labels = [...new Set(series.flatMap((each) => Object.keys(each.labels)))].sort();
  const numbers = isRaw ? ['value'] : STATISTICS;
  const texts = ['series', 'name', ...labels.map(labelColumn)];
  const bytes = new ByteWriter();
  const writer = new ParquetWriter({
    writer: bytes,
    createdBy: 'perigee',
    schema: [
      { name: 'root', num_children: texts.length + 1 + numbers.length },
      ...texts.map((name) => textColumn(name)),
      { name: 'time', type: 'INT64', converted_type: 'TIMESTAMP_MILLIS', repetition_type: 'REQUIRED' },
      ...numbers.map((name) => numberColumn(name)),
    ],
  });
  let rows: { readonly series: Series; readonly point: HistoryPoint }[] = [];

  const drain = async (): Promise<void> => {
    const piece = bytes.getBytes().slice();
    bytes.index = 0;
    if (piece.length > 0) await write(piece);
  };
  const flush = async (): Promise<void> => {
    if (rows.length === 0) return;
    const values = rows.map(({ point }) => (isRaw ? [point.last] : statisticsOf(point)));
    await writer.write({
      rowGroupSize: ROWS_TOGETHER,
      columnData: [
        { name: 'series', data: rows.map((row) => seriesKey(row.series)) },
        { name: 'name', data: rows.map((row) => row.series.name) },
        ...labels.map((label) => ({
          name: labelColumn(label),
          data: rows.map((row) => row.series.labels[label] ?? null),
        })),
        // A second apart: what is left of it is a bit or two.
        {
          name: 'time',
          encoding: 'DELTA_BINARY_PACKED',
          data: rows.map(({ point }) => new Date(point.wallMs)),
        },
        ...numbers.map((name, at) => ({ name, data: values.map((row) => row[at] ?? NaN) })),
      ],
    });
    rows = [];
    await drain();
  };

  return {
    begin: drain,
    async add(each, points) {
      for (const point of points) {
        rows.push({ series: each, point });
        if (rows.length === ROWS_TOGETHER) await flush();
      }
    },
    async end() {
      await flush();
      await writer.finish();
      await drain();
    },
  };
}

/** No label takes the name of a column that is there already. */
function labelColumn(label: string): string {
  return `label_${label}`;
}

function textColumn(name: string) {
  const repetition = name.startsWith('label_') ? 'OPTIONAL' : 'REQUIRED';
  return { name, type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: repetition } as const;
}

function numberColumn(name: string) {
  return { name, type: 'DOUBLE', repetition_type: 'REQUIRED' } as const;
}
