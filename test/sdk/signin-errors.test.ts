/** What AWS Sign-In refuses, with its OAuth 2.0 codes; the operations that no SDK for JavaScript has as their requests. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cloud } from '#test/sdk/cloud.ts';
import { newUser } from '#test/sdk/people.ts';
import { sendRaw, unsigned } from '#test/sdk/raw-request.ts';
import { authorizedCode, commandLine, exchange, refresh, tokenRequest } from '#test/sdk/sign-in.ts';

test('each operation says by an OAuth 2.0 code why it refuses', async (t) => {
  const c = await cloud(t);
  const ann = await newUser(c, 'ann');
  const known = `ASOR${'x'.repeat(40)}`;
  for (const operation of ['IntrospectOAuth2TokenWithIAM', 'RevokeOAuth2TokenWithIAM'] as const) {
    assert.deepEqual((await tokenRequest(c, operation, known)).status, 200, operation);
    const malformed = await tokenRequest(c, operation, 'not a token');
    assert.deepEqual(
      [malformed.status, malformed.code, malformed.body['error']],
      [400, 'ValidationException', 'INVALID_REQUEST'],
    );
    const refused = await tokenRequest(c, operation, known, ann.credentials);
    assert.deepEqual(
      [refused.status, refused.code, refused.body['error']],
      [403, 'AccessDeniedException', 'INSUFFICIENT_PERMISSIONS'],
    );
    assert.match(String(refused.body['message'] ?? refused.body['Message']), /signin:\w+OAuth2Token on resource/);
  }
});

test('who asks too often is told so', async (t) => {
  const c = await cloud(t);
  const cli = commandLine(c);
  const { refreshToken } = await exchange(c, cli, await authorizedCode(c, cli, c.administrator));
  const calls = {
    CreateOAuth2Token: () => refresh(c, cli, refreshToken).then(() => ACCEPTED, toldBy),
    IntrospectOAuth2TokenWithIAM: () => tokenRequest(c, 'IntrospectOAuth2TokenWithIAM', refreshToken),
    RevokeOAuth2TokenWithIAM: () => tokenRequest(c, 'RevokeOAuth2TokenWithIAM', `ASOR${'x'.repeat(40)}`),
  };
  /** A call that costs little, counts all the same, and is refused for its proof. */
  const cheap = async (): Promise<Told> => {
    const tokenInput = { clientId: cli.clientId, grantType: 'refresh_token', refreshToken };
    const headers = { 'content-type': 'application/json', dpop: 'none' };
    await sendRaw(c, unsigned(c, { path: '/v1/token', headers, body: Buffer.from(JSON.stringify(tokenInput)) }));
    return ACCEPTED;
  };
  for (const [operation, call] of Object.entries(calls)) {
    const refused = await firstRefusal(
      operation === 'CreateOAuth2Token' ? [...Array(49).fill(cheap), call] : Array(50).fill(call),
    );
    assert.deepEqual([refused.code, refused.body['error']], ['TooManyRequestsError', 'rate_exceeded'], operation);
  }
});

/** A hundred are free, and twenty a second. */
async function firstRefusal(round: readonly (() => Promise<Told>)[]): Promise<Told> {
  for (let count = 0; count < 50; count++) {
    const answers = await Promise.all(round.map((call) => call()));
    const refused = answers.find(({ code }) => code !== '');
    if (refused !== undefined) return refused;
  }
  return assert.fail('2,500 calls, and none was refused');
}

interface Told {
  readonly code: string;
  readonly body: Readonly<Record<string, unknown>>;
}

const ACCEPTED: Told = { code: '', body: {} };

const toldBy = (error: Error & { readonly error?: string }): Told => ({
  code: error.name,
  body: { error: error.error },
});
