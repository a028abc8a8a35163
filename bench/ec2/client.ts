/** The clients of api.ts, in a process of their own, so that what they cost is not the cloud's: AWS's SDK, which does one thing when it is told to. */
import { Readable } from 'node:stream';
import {
  DescribeInstancesCommand,
  type DescribeInstancesCommandOutput,
  EC2Client,
  RunInstancesCommand,
} from '@aws-sdk/client-ec2';

export type Wish =
  | { readonly kind: 'launch'; readonly image: string; readonly atOnce: number }
  | { readonly kind: 'page'; readonly limit: number; readonly token: string | undefined };

export interface Done {
  readonly milliseconds: number;
  readonly ids?: readonly string[];
  readonly token?: string | undefined;
}

type Handler = EC2Client['config']['requestHandler'];

/** Answers the SDK what it needs to go on: parsing a megabyte of XML takes it longer than making it takes the cloud. */
const skimming = (through: Handler): Handler => ({
  ...through,
  async handle(request, options) {
    const { response } = await through.handle(request, options);
    const chunks: Buffer[] = [];
    for await (const chunk of response.body as Readable) chunks.push(chunk as Buffer);
    const whole = Buffer.concat(chunks);
    const ends = whole.toString('latin1', 0, 1000) + whole.subarray(-1000).toString('latin1');
    const token = /<nextToken>[^<]*<\/nextToken>/.exec(ends)?.[0] ?? '';
    const name = /<(\w+Response)/.exec(ends)?.[1] ?? 'Response';
    return { response: Object.assign(response, { body: Readable.from([`<${name}>${token}</${name}>`]) }) };
  },
});

/** What a fork of it is started with. */
export interface ClientSettings {
  readonly endpoint: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

async function serve({ endpoint, credentials }: ClientSettings): Promise<void> {
  const settings = { endpoint, region: 'us-east-1', credentials };
  const ec2 = new EC2Client(settings);
  const reader = new EC2Client({ ...settings, requestHandler: skimming(ec2.config.requestHandler) });
  const launch = async (image: string): Promise<string> => {
    const input = { ImageId: image, InstanceType: 't2.nano', MinCount: 1, MaxCount: 1 } as const;
    return (await ec2.send(new RunInstancesCommand(input))).Instances?.[0]?.InstanceId ?? '';
  };
  const carryOut = async (wish: Wish): Promise<Omit<Done, 'milliseconds'>> => {
    if (wish.kind === 'launch') {
      return { ids: await Promise.all(Array.from({ length: wish.atOnce }, () => launch(wish.image))) };
    }
    const { limit, token } = wish;
    const page: DescribeInstancesCommandOutput = await reader.send(
      new DescribeInstancesCommand({ MaxResults: limit, ...(token !== undefined && { NextToken: token }) }),
    );
    return { token: page.NextToken };
  };
  process.on('message', (wish: Wish) => {
    const from = performance.now();
    void carryOut(wish).then((done) => process.send?.({ ...done, milliseconds: performance.now() - from }));
  });
  process.on('disconnect', () => process.exit());
}

if (process.send !== undefined) void serve(JSON.parse(process.argv[2] ?? '{}') as ClientSettings);
