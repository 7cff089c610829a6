import { lookAt, type Looked } from '../images/index.js';
import type { CommonOptions } from './options.js';
import { formatValue, print, printJson } from './output.js';

type Env = Readonly<Record<string, string | undefined>>;

/** Ends with 0 whatever the file is; what cannot be read is an error. */
export async function inspect(_env: Env, file: string, options: CommonOptions): Promise<number> {
  const looked = await lookAt(file);
  if (options.json) printJson(looked);
  else describeLooked(looked).forEach(print);
  return 0;
}

/** Lines for people. */
export function describeLooked({ path, bytes, detected }: Looked): readonly string[] {
  const { architecture, family, format, protocol, role, solo5, trouble } = detected;
  const tender = solo5?.target === 'hvt' || solo5?.target === 'spt' ? `solo5-${solo5.target}` : undefined;
  const starter = tender ?? (protocol && `QEMU, by ${PROTOCOLS[protocol]}`);
  const devices = solo5?.devices.map(({ kind, name }) => `${kind} "${name}"`).join(', ');
  return [
    `${path}: ${format}, ${formatValue(bytes, 'bytes')}`,
    `  role           ${role}`,
    `  architecture   ${architecture ?? 'not said by the file'}`,
    `  flavour        ${family ? `${family.flavour}, because ${family.why}` : 'not recognised'}`,
    ...(starter === undefined ? [] : [`  started by     ${starter}`]),
    ...(devices ? [`  devices        ${devices}`] : []),
    ...(trouble ? [`  cannot start   ${trouble.text}`, `                 ${trouble.cure}`] : []),
  ];
}

const PROTOCOLS = {
  linux: "Linux's boot protocol",
  multiboot: 'multiboot',
  pvh: 'its PVH note',
  elf: 'its entry point',
} as const;
