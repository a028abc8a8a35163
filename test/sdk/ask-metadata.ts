/** The instance metadata service, asked as a guest would, over a connection in memory. */
import { duplexPair } from 'node:stream';
import type { Instance } from '@aws-sdk/client-ec2';
import type { SimulatedHost } from '#test/sdk/ec2-host.ts';

interface Answer {
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

interface Asking {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly source?: string;
  /** Instead of a request. */
  readonly bytes?: string;
}

/** What the instance is answered at a path. */
export const askMetadata =
  (host: SimulatedHost, instance: Instance) =>
  async (path: string, { method = 'GET', headers = {}, source, bytes }: Asking = {}): Promise<Answer> => {
    const [guest, stream] = duplexPair();
    const given = Object.entries({ Host: '169.254.169.254', Connection: 'close', ...headers });
    host.networks.attendance?.metadata({
      vpc: instance.VpcId ?? '',
      interface: instance.NetworkInterfaces?.[0]?.NetworkInterfaceId ?? '',
      source: source ?? instance.PrivateIpAddress ?? '',
      stream,
    });
    const lines = given.map(([name, value]) => `${name}: ${value}\r\n`).join('');
    guest.write(bytes ?? `${method} ${path} HTTP/1.1\r\n${lines}\r\n`);
    const chunks: Buffer[] = [];
    for await (const chunk of guest) chunks.push(chunk as Buffer);
    const whole = Buffer.concat(chunks).toString('utf8');
    const [head = '', ...rest] = whole.split('\r\n\r\n');
    return { status: Number(head.split(' ')[1]), head, body: rest.join('\r\n\r\n') };
  };
