import { renderUnicodeCompact } from 'uqr';
import type { ShownInvitation } from '../domain/index.js';
import { formatSpan, print, remark } from './output.js';

/** The code is for a camera, the text below it for whoever has none: `perigee nearby enrol`. */
export function showInvitation(name: string, { link, validMs }: ShownInvitation): void {
  print(renderUnicodeCompact(link, { border: 2 }));
  print(link);
  remark(`Good for one phone, once, within ${formatSpan(validMs)}: it makes its holder ${name}.`);
}
