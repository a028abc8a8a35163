/** `makonis quota list | approve | deny | set`: the operator's side of Service Quotas. */
import { callMakonis, type Operator } from '#cli/client.ts';
import { operatorOf } from '#cli/operator.ts';
import { CommandError, print, printJson, printTable } from '#cli/output.ts';
import { type Config, processSources, type ReadConfig, readConfig } from '#config';
import { ConfigError } from '#config-values';

const FLAGS = {
  '--json': 'switch',
  '--id': 'value',
  '--request': 'value',
  '--service': 'value',
  '--code': 'value',
  '--value': 'value',
} as const;

/** As in models/makonis.json. */
interface QuotaRequest {
  readonly RequestId: string;
  readonly AccountId: string;
  readonly Region: string;
  readonly ServiceCode: string;
  readonly QuotaCode: string;
  readonly DesiredValue: number;
  readonly Status: string;
}

type Flags = ReadConfig['extra'];
type Action = (as: Operator, extra: Flags, config: Config) => Promise<void>;

const actions: Readonly<Record<string, Action>> = {
  list,
  approve: (as, extra) => decide('ApproveQuotaIncrease', as, extra),
  deny: (as, extra) => decide('DenyQuotaIncrease', as, extra),
  set,
};

export async function quota(args: readonly string[]): Promise<number> {
  const { config, extra, positional } = readConfig(processSources(args, FLAGS, 1));
  const [name = ''] = positional;
  const action = Object.hasOwn(actions, name) ? actions[name] : undefined;
  if (action === undefined) throw new ConfigError(`there is no "${name}": makonis quota list | approve | deny | set`);
  await action(operatorOf(config), extra, config);
  return 0;
}

async function pending(as: Operator): Promise<readonly QuotaRequest[]> {
  const answer = (await callMakonis(as, 'ListQuotaRequests', {})) as unknown as { QuotaRequests: QuotaRequest[] };
  return answer.QuotaRequests;
}

async function list(as: Operator, extra: Flags): Promise<void> {
  const requests = await pending(as);
  if (extra['--json'] !== undefined) return printJson(requests);
  printTable([
    ['REQUEST', 'ACCOUNT', 'REGION', 'QUOTA', 'WANTED'],
    ...requests.map((one) => [
      one.RequestId,
      one.AccountId,
      one.Region,
      `${one.ServiceCode}/${one.QuotaCode}`,
      String(one.DesiredValue),
    ]),
  ]);
}

async function decide(operation: string, as: Operator, extra: Flags): Promise<void> {
  const id = wanted(extra, '--request');
  const request = (await pending(as)).find(({ RequestId }) => RequestId === id);
  if (request === undefined) throw new CommandError(`no request ${id} is pending: see makonis quota list`);
  const { RequestId, AccountId, Region } = request;
  const answer = await callMakonis(as, operation, { RequestId, AccountId, Region });
  // The shape is that of models/makonis.json.
  const { Status } = answer['QuotaRequest'] as QuotaRequest;
  print(`${RequestId}: ${Status}`);
}

async function set(as: Operator, extra: Flags, { region }: Config): Promise<void> {
  const value = Number(wanted(extra, '--value'));
  if (!Number.isFinite(value)) throw new CommandError(`--value: "${extra['--value']}" is no number`);
  const input = {
    AccountId: wanted(extra, '--id'),
    Region: region,
    ServiceCode: wanted(extra, '--service'),
    QuotaCode: wanted(extra, '--code'),
    Value: value,
  };
  await callMakonis(as, 'SetQuota', input);
  print(`${input.ServiceCode}/${input.QuotaCode} of account ${input.AccountId} in ${region} is ${value}`);
}

function wanted(extra: Flags, flag: keyof typeof FLAGS): string {
  const value = extra[flag];
  if (value !== undefined) return value;
  throw new CommandError(
    `${flag} is missing: makonis quota set --id 123456789012 --region us-east-1 --service sqs --code L-06F64E4D --value 10000, ` +
      'or makonis quota approve --request ID',
  );
}
