/** People who sign in, and command lines that do what AWS's does (awscli 2, customizations/login), but for the browser. */
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, randomUUID, sign } from 'node:crypto';
import { type AccessToken, CreateOAuth2TokenCommand, SigninClient } from '@aws-sdk/nested-clients/signin';
import type { Credentials, TestCloud } from '#test/sdk/cloud.ts';
import { jsonDraft, type RawAnswer, sendRaw, signedRequest, unsigned } from '#test/sdk/raw-request.ts';
import { noteAnswer } from '#test/sdk/seen-answers.ts';

export interface Answer {
  readonly status: number;
  readonly code: string;
  readonly body: Readonly<Record<string, unknown>>;
}

const answerOf = ({ status, code, body }: RawAnswer): Answer => ({ status, code, body: JSON.parse(body) });

/** An operation of `makonis` as a page calls it: unsigned, or with a person's credentials. */
export async function ask(c: TestCloud, operation: string, input: object, as?: Credentials): Promise<Answer> {
  const draft = jsonDraft(operation, input, 'Makonis');
  const request = as ? await signedRequest(c, draft, { service: 'makonis', credential: as }) : unsigned(c, draft);
  const answer = answerOf(await sendRaw(c, request));
  noteAnswer('makonis', operation, answer.code || 'success');
  return answer;
}

export function credentialsOf({ body }: Answer): Credentials {
  const given = (body['Credentials'] ?? {}) as Record<string, string>;
  return {
    accessKeyId: given['AccessKeyId'] ?? '',
    secretAccessKey: given['SecretAccessKey'] ?? '',
    sessionToken: given['SessionToken'] ?? '',
  };
}

const SAME_DEVICE = 'arn:aws:signin:::devtools/same-device';
export const CROSS_DEVICE = 'arn:aws:signin:::devtools/cross-device';

export interface CommandLine {
  readonly clientId: string;
  readonly redirectUri: string;
  readonly state: string;
  readonly verifier: string;
  readonly key: KeyObject;
}

export const commandLine = (c: TestCloud, clientId = SAME_DEVICE): CommandLine => ({
  clientId,
  redirectUri: clientId === SAME_DEVICE ? 'http://127.0.0.1:49152/oauth/callback' : `${c.url}/v1/sessions/confirmation`,
  state: randomUUID(),
  verifier: randomBytes(48).toString('base64url'),
  key: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
});

/** What stands in the address that the command line opens a browser at. */
export const authorizeQuery = ({ clientId, redirectUri, state, verifier }: CommandLine): Record<string, string> => ({
  ClientId: clientId,
  RedirectUri: redirectUri,
  ResponseType: 'code',
  Scope: 'openid',
  CodeChallenge: createHash('sha256').update(verifier).digest('base64url'),
  CodeChallengeMethod: 'SHA-256',
  State: state,
});

/** The browser's step: the person is signed in, and the page asks for a code. */
export async function authorizedCode(c: TestCloud, cli: CommandLine, person: Credentials): Promise<string> {
  const { status, body } = await ask(c, 'AuthorizeOAuth2Access', authorizeQuery(cli), person);
  if (status !== 200) throw new Error(JSON.stringify(body));
  const { Location, VerificationCode = '' } = body as Record<string, string>;
  const query = Location === undefined ? Buffer.from(VerificationCode, 'base64').toString() : new URL(Location).search;
  const parameters = new URLSearchParams(query);
  if (parameters.get('state') !== cli.state) throw new Error('the state is another');
  return parameters.get('code') ?? '';
}

/** A DPoP proof as AWS's clients make it. */
export function proofOf(c: TestCloud, key: KeyObject, url = `${c.url}/v1/token`): string {
  const { kty, crv, x, y } = key.export({ format: 'jwk' });
  const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = [
    encoded({ typ: 'dpop+jwt', alg: 'ES256', jwk: { kty, x, y, crv } }),
    encoded({ htm: 'POST', htu: url, iat: Math.floor(c.clock.now() / 1000), jti: randomUUID() }),
  ].join('.');
  return `${text}.${sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

/** A client that adds a proof to each request, as the SDK's own provider does. */
function signinClient(c: TestCloud, key: KeyObject): SigninClient {
  const client = c.client(SigninClient);
  client.middlewareStack.add(
    (next) => (args) => {
      const request = args.request as { headers: Record<string, string> };
      request.headers['DPoP'] = proofOf(c, key);
      return next(args);
    },
    { step: 'finalizeRequest', name: 'proof' },
  );
  return client;
}

const PATHS = { IntrospectOAuth2TokenWithIAM: '/v1/introspect', RevokeOAuth2TokenWithIAM: '/v1/revoke' } as const;

/** An operation on a token, signed by IAM: no SDK for JavaScript has it. */
export async function tokenRequest(
  c: TestCloud,
  operation: keyof typeof PATHS,
  token: string,
  as: Credentials = c.administrator,
): Promise<Answer> {
  const draft = {
    path: PATHS[operation],
    query: { 'x-amz-client-auth-method': 'iam' },
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify({ token })),
  };
  const { status, body, headers } = await sendRaw(
    c,
    await signedRequest(c, draft, { service: 'signin', credential: as }),
  );
  const code = String(headers['x-amzn-errortype'] ?? '').replace(/[:;].*$/, '');
  noteAnswer('signin', operation, code || 'success');
  return { status, code, body: body === '' ? {} : JSON.parse(body) };
}

export interface Tokens {
  readonly credentials: Credentials;
  readonly refreshToken: string;
  readonly idToken: string | undefined;
  readonly expiresIn: number;
}

export async function exchange(c: TestCloud, cli: CommandLine, code: string, other: object = {}): Promise<Tokens> {
  const { clientId, redirectUri, verifier: codeVerifier } = cli;
  const tokenInput = { clientId, grantType: 'authorization_code', code, redirectUri, codeVerifier, ...other };
  return tokensOf(await signinClient(c, cli.key).send(new CreateOAuth2TokenCommand({ tokenInput })));
}

export async function refresh(
  c: TestCloud,
  { clientId, key }: Pick<CommandLine, 'clientId' | 'key'>,
  refreshToken: string,
): Promise<Tokens> {
  const tokenInput = { clientId, grantType: 'refresh_token', refreshToken };
  return tokensOf(await signinClient(c, key).send(new CreateOAuth2TokenCommand({ tokenInput })));
}

interface TokenAnswer {
  readonly tokenOutput:
    | {
        accessToken: AccessToken | undefined;
        refreshToken: string | undefined;
        idToken?: string | undefined;
        expiresIn: number | undefined;
      }
    | undefined;
}

function tokensOf({ tokenOutput }: TokenAnswer): Tokens {
  const { accessKeyId = '', secretAccessKey = '', sessionToken = '' } = tokenOutput?.accessToken ?? {};
  return {
    credentials: { accessKeyId, secretAccessKey, sessionToken },
    refreshToken: tokenOutput?.refreshToken ?? '',
    idToken: tokenOutput?.idToken,
    expiresIn: tokenOutput?.expiresIn ?? 0,
  };
}
