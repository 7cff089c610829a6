import { seriesKey } from '../domain/index.js';
import { parquetSink } from './export-parquet.js';
import {
  statisticsOf,
  type ExportFormat,
  type ExportShape,
  type Sink,
  type WritePiece,
} from './export-shape.js';

export function createSink(format: ExportFormat, shape: ExportShape, write: WritePiece): Sink {
  switch (format) {
    case 'csv':
      return csvSink(shape, write);
    case 'jsonl':
      return jsonSink(shape, write);
    case 'parquet':
      return parquetSink(shape, write);
  }
}

function csvSink({ isOne, isRaw }: ExportShape, write: WritePiece): Sink {
  const columns = isRaw ? 'time,value' : 'time,count,mean,min,max,last';
  return {
    begin: () => write(`${isOne ? '' : 'series,'}${columns}\n`),
    async add(series, points) {
      const name = isOne ? '' : `${quoted(seriesKey(series))},`;
      const rows = points.map((point) => {
        const numbers = isRaw ? [point.last] : statisticsOf(point);
        return `${name}${new Date(point.wallMs).toISOString()},${numbers.join()}\n`;
      });
      if (rows.length > 0) await write(rows.join(''));
    },
    end: nothing,
  };
}

/** RFC 4180: a name with labels has quotes, and may have a comma or the end of a line. */
function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function jsonSink({ isOne }: ExportShape, write: WritePiece): Sink {
  return {
    begin: nothing,
    async add(series, points) {
      const name = isOne ? {} : { series: seriesKey(series) };
      const lines = points.map((point) => `${JSON.stringify({ ...name, ...point })}\n`);
      if (lines.length > 0) await write(lines.join(''));
    },
    end: nothing,
  };
}

const nothing = (): Promise<void> => Promise.resolve();
