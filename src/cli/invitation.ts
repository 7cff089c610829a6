import { renderUnicodeCompact } from 'uqr';
import type { ShownInvitation } from '../domain/index.js';
import { formatSpan, print, remark } from './output.js';

/** The code is for a camera, the text below it for whoever has none: `perigee nearby enrol`. */
export function showInvitation(name: string, { link, validMs }: ShownInvitation, pageUrl?: string): void {
  print(renderUnicodeCompact(link, { border: 2 }));
  print(link);
  if (pageUrl !== undefined) remark(`As a picture, in a browser: ${pageUrl}`);
  remark(`Good for one phone, once, within ${formatSpan(validMs)}: it makes its holder ${name}.`);
}

/** Where the gateway's page draws it. Behind the #, which no browser sends. */
export function invitationPage(webUrl: string, { link }: ShownInvitation): string {
  return `${webUrl}/invitation#${link}`;
}
