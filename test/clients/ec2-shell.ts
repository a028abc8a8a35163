/** EC2 by AWS's command line, and its machines by ssh. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import type { Program } from '#test/cli/makonis.ts';

export const noSsh = spawnSync('ssh', ['-V']).error !== undefined && 'no ssh here';

/** Runs `aws …` and answers what it prints by `--query`, as text. */
export function awsCommands(cloud: Program, settings: Record<string, string>) {
  return async (command: string, query?: string): Promise<string> => {
    const output = query === undefined ? [] : ['--query', query, '--output', 'text'];
    const { code, out, err } = await cloud.exec('aws', [...command.split(' '), ...output], settings);
    assert.equal(code, 0, `aws ${command}: ${err}`);
    return out.trim();
  };
}

/** The same for `aws ec2 …`. */
export function commandLine(cloud: Program, settings: Record<string, string>) {
  const aws = awsCommands(cloud, settings);
  return (command: string, query?: string): Promise<string> => aws(`ec2 ${command}`, query);
}

/** Runs a command in a machine, as its user. */
export function secureShell(cloud: Program, key: string, user = 'ec2-user', port = 22) {
  const options = ['-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null', '-o', 'LogLevel=ERROR'];
  return async (at: string, command: string): Promise<string> => {
    const args = [
      '-i',
      key,
      ...options,
      '-o',
      'ConnectTimeout=10',
      '-p',
      `${port}`,
      '-o',
      'ConnectionAttempts=10',
      `${user}@${at}`,
    ];
    const { code, out, err } = await cloud.exec('ssh', [...args, command]);
    assert.equal(code, 0, `${command}: ${err}`);
    return out.trim();
  };
}
