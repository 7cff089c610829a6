import assert from 'node:assert/strict';
import { request, type IncomingMessage } from 'node:http';
import { rmSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { connect } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { newRunId, controlSocket } from '../../src/platform/index.js';
import { startGatewayProcess, type GatewayProcess } from '../support/gateway-process.js';

let gateway: GatewayProcess;
let page: string;

before(async () => {
  gateway = await startGatewayProcess({ keepRunning: '[]', 'radio.mode': 'off', 'web.port': '0' });
  page = (await gateway.control.status()).webUrl ?? assert.fail('the page is on');
});
after(() => gateway[Symbol.asyncDispose]());

interface Reply {
  readonly status: number;
  readonly body: string;
  readonly headers: IncomingMessage['headers'];
}

interface Call {
  readonly method?: string;
  readonly path: string;
  readonly body?: string;
  readonly host?: string;
  readonly socketPath?: string;
}

/** Below fetch, which would not send a wrong Host, nor over a Unix socket. */
function call({ method = 'GET', path, body, host, socketPath }: Call): Promise<Reply> {
  const to =
    socketPath === undefined ? { host: new URL(page).hostname, port: new URL(page).port } : { socketPath };
  return new Promise((done, reject) => {
    const headers = host === undefined ? {} : { host };
    const outgoing = request({ ...to, method, path, headers, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () =>
        done({ status: response.statusCode ?? 0, body: text, headers: response.headers }),
      );
    });
    outgoing.on('error', reject).end(body);
  });
}

const onSocket = (rest: Call): Promise<Reply> =>
  call({ ...rest, socketPath: controlSocket(gateway.directory) });

describe('the page', () => {
  it('loads nothing from elsewhere, and runs no script that is not its own file', async () => {
    const { status, headers, body } = await call({ path: '/' });
    assert.equal(status, 200);
    assert.match(String(headers['content-security-policy']), /default-src 'none'; script-src 'self'/);
    assert.doesNotMatch(body, /https?:\/\/|<script>|style="|onload=/);
    for (const path of ['/page.js', '/words.js', '/page.css', '/invitation', '/invitation.js', '/uqr.js'])
      assert.equal((await call({ path })).status, 200, path);
  });

  it('serves no other file of this machine', async () => {
    for (const path of [
      '/../package.json',
      '/..%2fpackage.json',
      '/index.html',
      '//etc/passwd',
      '/page.js/../server.js',
    ]) {
      assert.equal((await call({ path })).status, 404, path);
    }
  });

  it('is read-only: what acts is refused there and only there', async () => {
    const body = JSON.stringify({ id: newRunId(), image: 'hello' });
    assert.equal((await call({ method: 'POST', path: '/api/runs', body })).status, 404);
    assert.equal((await onSocket({ method: 'POST', path: '/api/runs', body })).status, 200);
  });

  it('refuses a name that is not ours, so that no other site can read it through DNS', async () => {
    const { status, body } = await call({ path: '/api/status', host: 'evil.example' });
    assert.equal(status, 403);
    const { error, cure } = JSON.parse(body) as { error: string; cure: string };
    assert.match(error, /"evil\.example" is no name of this gateway/);
    assert.ok(cure.includes(`localhost, ${hostname().toLowerCase()}`), cure);
    assert.equal((await call({ path: '/api/status', host: 'localhost:1234' })).status, 200);
  });

  it('says that it is well', async () => {
    const { status, body } = await call({ path: '/healthz' });
    assert.equal(status, 200);
    assert.equal((JSON.parse(body) as { status: string }).status, 'ok');
  });

  it('answers every question that it offers with JSON', async () => {
    for (const path of ['/api/status', '/api/images', '/api/latest', '/api/runs']) {
      const { status, body, headers } = await call({ path });
      assert.equal(status, 200, path);
      assert.equal(headers['content-type'], 'application/json');
      assert.doesNotThrow(() => JSON.parse(body) as unknown, path);
    }
  });
});

describe('the control socket', () => {
  it('is for its owner alone', () => {
    assert.equal(statSync(controlSocket(gateway.directory)).mode & 0o777, 0o600);
  });

  it('refuses what is no request, with a sentence that says what to do, and goes on', async () => {
    const bodies = ['', '{', '[]', '{"image": 1}', '{"id": "x", "image": "hello"}', 'x'.repeat(5000)];
    for (const body of bodies) {
      const { status, body: answer } = await onSocket({ method: 'POST', path: '/api/runs', body });
      assert.equal(status, 400, body.slice(0, 40));
      assert.notEqual((JSON.parse(answer) as { cure: string }).cure, '');
    }
    for (const args of ['a\nb', 'a\0', '\x1b[2J', '\x85']) {
      const body = JSON.stringify({ id: newRunId(), image: 'hello', args });
      const { status, body: answer } = await onSocket({ method: 'POST', path: '/api/runs', body });
      assert.equal(status, 400, JSON.stringify(args));
      assert.match(answer, /args must be one line/);
    }
    assert.equal((await onSocket({ path: '/api/runs/xyz/log' })).status, 400);
    const unknown = await onSocket({
      method: 'POST',
      path: '/api/runs',
      body: JSON.stringify({ id: newRunId(), image: 'none' }),
    });
    assert.equal(unknown.status, 404);
    assert.equal((await onSocket({ path: '/api/status' })).status, 200);
  });

  it('survives bytes that are no HTTP', async () => {
    const socket = connect(controlSocket(gateway.directory));
    socket.on('error', () => undefined).resume();
    socket.end(Buffer.from(Array.from({ length: 4096 }, (_, i) => (i * 37) & 0xff)));
    await new Promise((closed) => socket.once('close', closed));
    assert.equal((await onSocket({ path: '/api/status' })).status, 200);
  });

  it('leaves a run alone when the one who asked for it goes away', async () => {
    const id = newRunId();
    for await (const news of gateway.control.run({ id, image: 'hello', args: 'stay=1' })) {
      if (news.kind === 'report') break;
    }
    assert.equal((await gateway.control.runs(10)).find((run) => run.id === id)?.state.kind, 'reporting');
    await gateway.control.stop(id);
  });

  it('tells everything of a run from its start to its end', async () => {
    const kinds: string[] = [];
    for await (const news of gateway.control.run({ id: newRunId(), image: 'hello' })) {
      kinds.push(news.kind === 'changed' ? news.run.state.kind : news.kind);
    }
    const order = ['booted', 'reporting', 'report', 'stopping', 'ended'];
    assert.deepEqual(
      kinds.filter((kind) => order.includes(kind)),
      order,
    );
    assert.ok(kinds.includes('console'), kinds.join());
  });
});

describe('a gateway whose data directory is removed', () => {
  it('says so on its page, since nobody finds its socket any more', async () => {
    await using orphaned = await startGatewayProcess({
      keepRunning: '[]',
      'radio.mode': 'off',
      'web.port': '0',
    });
    const { webUrl } = await orphaned.control.status();
    rmSync(orphaned.directory, { recursive: true });
    const health = async (): Promise<unknown> => (await fetch(`${webUrl ?? ''}/healthz`)).json();
    for (let tries = 0; tries < 100 && ((await health()) as { status: string }).status === 'ok'; tries += 1) {
      await new Promise((go) => setTimeout(go, 100));
    }
    const { status, dataDirectoryGone } = (await health()) as { status: string; dataDirectoryGone: boolean };
    assert.deepEqual({ status, dataDirectoryGone }, { status: 'degraded', dataDirectoryGone: true });
  });
});
