import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Compiled code lies in dist/src/web; the page's files stay where they were written. */
const PAGE_FOLDER = fileURLToPath(new URL('../../../src/web/page/', import.meta.url));

const HTML = 'text/html; charset=utf-8';
const SCRIPT = 'text/javascript; charset=utf-8';
const STYLE = 'text/css; charset=utf-8';

const ours = (file: string): string => join(PAGE_FOLDER, file);

const FILES: Readonly<Record<string, { readonly file: string; readonly type: string }>> = {
  '/': { file: ours('index.html'), type: HTML },
  '/page.js': { file: ours('page.js'), type: SCRIPT },
  '/words.js': { file: ours('words.js'), type: SCRIPT },
  '/page.css': { file: ours('page.css'), type: STYLE },
  '/invitation': { file: ours('invitation.html'), type: HTML },
  '/invitation.js': { file: ours('invitation.js'), type: SCRIPT },
  // One file without imports: a browser takes it as it is.
  '/uqr.js': { file: fileURLToPath(import.meta.resolve('uqr')), type: SCRIPT },
};

/** Nothing from elsewhere, nothing inline, no frame around it. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

export interface PageFile {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export async function pageFile(path: string): Promise<PageFile | undefined> {
  const entry = FILES[path];
  if (!entry) return undefined;
  const headers = {
    'content-type': entry.type,
    'content-security-policy': POLICY,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-cache',
  };
  return { headers, body: await readFile(entry.file) };
}
