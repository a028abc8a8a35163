/** Asks the admin port of the cloud that runs on a data folder. */
import { request } from 'node:http';
import type { RunState } from '#cli/run-state.ts';

const LIMIT_MILLISECONDS = 5000;

export interface AdminAnswer {
  readonly status: number;
  readonly text: string;
}

export function askAdmin(
  { adminPort, adminToken }: RunState,
  method: 'GET' | 'POST',
  path: string,
): Promise<AdminAnswer> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${adminToken}` };
    const options = { host: '127.0.0.1', port: adminPort, method, path, headers, timeout: LIMIT_MILLISECONDS };
    const asked = request(options, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('error', reject);
      answer.on('end', () =>
        resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8').trim() }),
      );
    });
    asked.on('timeout', () => asked.destroy(new Error('the cloud does not answer')));
    asked.on('error', reject);
    asked.end();
  });
}
