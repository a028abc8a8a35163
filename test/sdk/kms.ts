/** A cloud with KMS for tests. */
import type { TestContext } from 'node:test';
import {
  CreateKeyCommand,
  type CreateKeyCommandInput,
  DescribeKeyCommand,
  GenerateRandomCommand,
  KMSClient,
  PutKeyPolicyCommand,
} from '@aws-sdk/client-kms';
import { seconds } from '#platform/base/clock.ts';
import { type Credentials, cloud } from '#test/sdk/cloud.ts';
import { until } from '#test/until.ts';

export async function startKms(t: TestContext) {
  const c = await cloud(t);
  const kms = c.client(KMSClient);
  return {
    c,
    kms,
    as: (credentials: Credentials) => c.client(KMSClient, { credentials }),
    in: (region: string) => c.client(KMSClient, { region }),
    arnOf: (id: string, region = 'us-east-1') => `arn:aws:kms:${region}:${c.account}:key/${id}`,
    /** KMS makes five keys a second: the clock goes on. */
    async key(input: CreateKeyCommandInput = {}, client = kms) {
      c.advance(seconds(1));
      const { KeyMetadata } = await client.send(new CreateKeyCommand(input));
      return { id: KeyMetadata?.KeyId ?? '', arn: KeyMetadata?.Arn ?? '' };
    },
    /** Moves the clock by more than idle connections live: until clients have noticed that theirs are closed. */
    async pass(milliseconds: number, clients = [kms]) {
      c.advance(milliseconds);
      const answers = (client: KMSClient) => () =>
        client.send(new GenerateRandomCommand({ NumberOfBytes: 1 })).then(
          () => true,
          () => false,
        );
      for (const client of clients) await until(answers(client), 'new connections');
    },
    async stateOf(KeyId: string, client = kms) {
      return (await client.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata?.KeyState;
    },
    /** A policy of these statements beside the account's own right. */
    async policy(KeyId: string, ...statements: object[]) {
      const own = {
        Effect: 'Allow',
        Principal: { AWS: `arn:aws:iam::${c.account}:root` },
        Action: 'kms:*',
        Resource: '*',
      };
      const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [own, ...statements] });
      await kms.send(new PutKeyPolicyCommand({ KeyId, Policy }));
    },
  };
}

export const text = (value: string): Uint8Array => Buffer.from(value);
export const hex = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('hex');
