import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Duplex, Readable } from 'node:stream';
import { perigee } from '@perigee/proto';
import { IMAGES } from './support-build.js';

const { GuestFrame, HostFrame } = perigee.v1;
export type GuestFrame = ReturnType<typeof GuestFrame.decode>;
export type Report = perigee.v1.Report.$Properties;
export type HostFrameShape = Parameters<typeof HostFrame.encode>[0];

export type Arch = 'x86_64' | 'arm64' | 'armv7';

interface Machine {
  readonly program: string;
  readonly arguments: readonly string[];
}

export const MACHINES: Readonly<Record<Arch, Machine>> = {
  x86_64: {
    program: 'qemu-system-x86_64',
    arguments: ['-M', 'microvm,acpi=off,x-option-roms=off,pit=off,pic=off,rtc=off', '-cpu', 'max'],
  },
  arm64: {
    program: 'qemu-system-aarch64',
    arguments: ['-M', 'virt,gic-version=2,highmem=off,its=off,acpi=off', '-cpu', 'cortex-a53'],
  },
  armv7: {
    program: 'qemu-system-arm',
    arguments: ['-M', 'virt,gic-version=2,acpi=off', '-cpu', 'cortex-a7'],
  },
};

export const MODERN_VIRTIO = ['-global', 'virtio-mmio.force-legacy=false'];

/** A guest that is silent for this long fails its test, with what it printed. */
const PATIENCE_MS = 30_000;

export interface GuestOptions {
  readonly append?: string;
  /** Instead of the architecture's usual machine. */
  readonly machine?: readonly string[];
  /** Instead of modern virtio. */
  readonly virtio?: readonly string[];
  /** Instead of the gateway's port. */
  readonly port?: readonly string[];
}

export interface End {
  readonly status: number | null;
  /** What QMP's SHUTDOWN event said; undefined when QEMU ended without one. */
  readonly reason: string | undefined;
}

/** A guest in a real QEMU, with the channels that the gateway's runner gives it. */
export class Guest implements AsyncDisposable {
  readonly frames: GuestFrame[] = [];
  console = '';
  /** What came over the port and is no whole frame (yet). */
  rest = Buffer.alloc(0);
  readonly #child: ChildProcess;
  readonly #port: Duplex;
  readonly #ended: Promise<End>;
  readonly #closed: Promise<unknown>;
  #complaint = '';
  #changed: () => void = () => undefined;

  constructor(arch: Arch, image: string, options: GuestOptions = {}) {
    this.#child = spawn(MACHINES[arch].program, qemuArguments(arch, image, options), {
      stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'],
    });
    const [, stdout, stderr, port, qmp] = this.#child.stdio as [null, Readable, Readable, Duplex, Duplex];
    this.#port = port;
    for (const stream of [port, qmp]) stream.on('error', () => undefined); // QEMU's end shows as its exit
    stdout.on('data', (bytes: Buffer) => this.#onChange(() => (this.console += bytes.toString())));
    stderr.on('data', (bytes: Buffer) => this.#onChange(() => (this.#complaint += bytes.toString())));
    port.on('data', (bytes: Buffer) => this.#onChange(() => this.#takeFrames(bytes)));
    // Events come once the capabilities are agreed on, so the guest runs no earlier.
    qmp.write('{"execute":"qmp_capabilities"}{"execute":"cont"}');
    const events = collectText(qmp);
    this.#closed = once(this.#child, 'close').finally(() => this.#changed());
    this.#ended = this.#closed.then(() => ({
      status: this.#child.exitCode,
      reason: /"event": "SHUTDOWN".*?"reason": "([a-z-]+)"/.exec(events())?.[1],
    }));
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  get reports(): Report[] {
    return this.frames.flatMap(({ report }) => (report ? [report] : []));
  }

  send(frame: HostFrameShape): void {
    this.#port.write(HostFrame.encode(frame).ldelim().finish());
  }

  sendBytes(bytes: Uint8Array): void {
    this.#port.write(bytes);
  }

  /** As if the gateway had died: closes its end of the port. */
  hangUp(): void {
    this.#port.destroy();
  }

  /** Leaves what the guest sends unread. */
  pauseReading(): void {
    this.#port.pause();
  }

  resumeReading(): void {
    this.#port.resume();
  }

  async until(condition: () => boolean, what: string): Promise<void> {
    const deadline = Date.now() + PATIENCE_MS;
    while (!condition()) {
      if (this.#child.exitCode !== null || this.#child.signalCode !== null)
        throw this.#failure(`ended before ${what}`);
      if (Date.now() > deadline) throw this.#failure(`has not come to ${what}`);
      await this.#change();
    }
  }

  async ended(): Promise<End> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(this.#failure('does not end')), PATIENCE_MS);
    });
    return Promise.race([this.#ended, late]).finally(() => clearTimeout(timer));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    this.#port.destroy();
    await this.#closed;
  }

  #onChange(change: () => void): void {
    change();
    this.#changed();
  }

  /** Resolves when something came in, and now and then by itself. */
  #change(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, 100);
      this.#changed = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #takeFrames(bytes: Buffer): void {
    this.rest = Buffer.concat([this.rest, bytes]);
    for (;;) {
      const frame = firstFrame(this.rest);
      if (frame === undefined) return;
      const decoded = GuestFrame.decode(this.rest.subarray(frame.start, frame.end));
      this.frames.push(decoded);
      // As the gateway does, which has measured by then.
      if (decoded.body === 'done') this.send({ stop: {} });
      this.rest = this.rest.subarray(frame.end);
    }
  }

  #failure(what: string): Error {
    const heard = `${this.frames.length} frames, console ${JSON.stringify(this.console)}`;
    return new Error(`the guest ${what}: ${heard}, QEMU says ${JSON.stringify(this.#complaint)}`);
  }
}

/** A frame's count has at most two bytes. */
function firstFrame(bytes: Buffer): { start: number; end: number } | undefined {
  const [low, high] = bytes;
  if (low === undefined) return undefined;
  const oneByte = low < 0x80;
  if (!oneByte && (high === undefined || high >= 0x80)) return undefined;
  const start = oneByte ? 1 : 2;
  const end = start + (oneByte ? low : (low & 0x7f) | ((high ?? 0) << 7));
  return end <= bytes.length ? { start, end } : undefined;
}

function collectText(stream: Duplex): () => string {
  const chunks: Buffer[] = [];
  stream.on('data', (bytes: Buffer) => chunks.push(bytes));
  return () => Buffer.concat(chunks).toString();
}

const GATEWAY_PORT = [
  ...['-chardev', 'socket,id=c0,fd=3', '-device', 'virtio-serial-device,max_ports=2'],
  ...['-device', 'virtserialport,chardev=c0,nr=1,name=perigee'],
];

function qemuArguments(arch: Arch, image: string, options: GuestOptions): string[] {
  return [
    ...(options.machine ?? MACHINES[arch].arguments),
    ...(options.virtio ?? MODERN_VIRTIO),
    ...['-accel', 'tcg,thread=single,tb-size=8', '-m', '4M', '-smp', '1', '-S'],
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot', '-serial', 'stdio'],
    ...(options.port ?? GATEWAY_PORT),
    ...['-chardev', 'socket,id=q,fd=4', '-mon', 'chardev=q,mode=control'],
    ...['-kernel', join(IMAGES, 'build', image, `kernel-${arch}.elf`), '-append', options.append ?? ''],
  ];
}
