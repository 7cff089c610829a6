import { timeText, type Role, type Technician } from '../domain/index.js';
import { invitationPage, showInvitation } from './invitation.js';
import { runningGateway, type CommonOptions } from './options.js';
import { print, printJson, table } from './output.js';

type Env = Readonly<Record<string, string | undefined>>;

export interface InviteOptions {
  readonly role: Role;
  /** How long the code is good for, and how long the grant, in milliseconds. */
  readonly valid: number;
  readonly grant?: number;
  readonly mayEnrol?: true;
}

export async function add(env: Env, name: string, options: CommonOptions & InviteOptions): Promise<number> {
  const { grant, mayEnrol = false, role, valid } = options;
  const gateway = runningGateway(env, options);
  const invitation = await gateway.access.invite({
    ...{ name, role, mayEnrol, validMs: valid },
    ...(grant === undefined ? {} : { grantMs: grant }),
  });
  const { webUrl } = await gateway.status();
  const pageUrl = webUrl === undefined ? undefined : invitationPage(webUrl, invitation);
  if (options.json) printJson({ ...invitation, pageUrl });
  else showInvitation(name, invitation, pageUrl);
  return 0;
}

export async function list(env: Env, options: CommonOptions): Promise<number> {
  const technicians = await runningGateway(env, options).access.technicians();
  if (options.json) printJson(technicians);
  else print(table([['NAME', 'ROLE', 'ENROLLED', 'UNTIL', 'KEY'], ...technicians.map(row)]));
  return 0;
}

export async function revoke(env: Env, name: string, options: CommonOptions): Promise<number> {
  const revoked = await runningGateway(env, options).access.revoke(name);
  if (options.json) printJson(revoked);
  else print(`${revoked.name} may do nothing any more, and has no session`);
  return 0;
}

export async function log(env: Env, options: CommonOptions & { readonly lines: number }): Promise<number> {
  const entries = await runningGateway(env, options).access.audit(options.lines);
  if (options.json) printJson(entries);
  else
    print(
      table([
        ['TIME', 'WHO', 'ACT', 'DETAIL'],
        ...entries.map(({ act, detail, wallMs, who }) => [`${timeText(wallMs)}Z`, who || '-', act, detail]),
      ]),
    );
  return 0;
}

function row({ enrolledAtMs, expiresAtMs, key, mayEnrol, name, role }: Technician): readonly string[] {
  const until = expiresAtMs === undefined ? '-' : `${timeText(expiresAtMs)}Z`;
  return [
    name,
    mayEnrol ? `${role}, may enrol` : role,
    `${timeText(enrolledAtMs)}Z`,
    until,
    `${key.slice(0, 16)}…`,
  ];
}
