/** What QEMU says on its machine protocol, as far as we use it (QEMU documentation, "QMP Reference Manual"). */
export type QmpMessage =
  | { readonly kind: 'greeting'; readonly version: string }
  /** `running`: what query-status says of the guest. */
  | { readonly kind: 'answer'; readonly running?: boolean }
  | { readonly kind: 'refusal'; readonly detail: string }
  | { readonly kind: 'event'; readonly name: string; readonly data: Readonly<Record<string, unknown>> }
  | { readonly kind: 'garbage'; readonly detail: string };

/** The longest answer that we ask for is a few hundred bytes. */
const MAX_LINE = 64 * 1024;

export function qmpCommand(execute: string): string {
  return `${JSON.stringify({ execute })}\n`;
}

/** Splits QMP's lines out of a byte stream; what is no JSON object is garbage, once, and the stream goes on. */
export function createQmpParser(): (chunk: Uint8Array) => readonly QmpMessage[] {
  const text = new TextDecoder();
  let pending = '';
  return (chunk) => {
    const lines = (pending + text.decode(chunk, { stream: true })).split('\n');
    pending = lines.pop() ?? '';
    const messages = lines.filter((line) => line.trim() !== '').map(parseLine);
    if (pending.length <= MAX_LINE) return messages;
    pending = '';
    return [...messages, { kind: 'garbage', detail: `a line longer than ${MAX_LINE} characters` }];
  };
}

function parseLine(line: string): QmpMessage {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    // Expected of a hostile monitor; the caller counts it.
    return { kind: 'garbage', detail: line.slice(0, 80) };
  }
  if (!isMap(value)) return { kind: 'garbage', detail: line.slice(0, 80) };
  if (isMap(value['QMP'])) return { kind: 'greeting', version: versionOf(value['QMP']) };
  if (isMap(value['error'])) return { kind: 'refusal', detail: String(value['error']['desc']) };
  if (typeof value['event'] === 'string') {
    return { kind: 'event', name: value['event'], data: isMap(value['data']) ? value['data'] : {} };
  }
  if ('return' in value) return answerOf(value['return']);
  return { kind: 'garbage', detail: line.slice(0, 80) };
}

function answerOf(value: unknown): QmpMessage {
  return isMap(value) && typeof value['running'] === 'boolean'
    ? { kind: 'answer', running: value['running'] }
    : { kind: 'answer' };
}

function versionOf(greeting: Readonly<Record<string, unknown>>): string {
  const version = greeting['version'];
  const qemu = isMap(version) ? version['qemu'] : undefined;
  if (!isMap(qemu)) return 'unknown';
  return [qemu['major'], qemu['minor'], qemu['micro']].map(String).join('.');
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
