/** The services that have a key of their own in each account and region, and the names of these keys. */

interface ManagedService {
  /** How the key's policy and description call the service. */
  readonly title: string;
  /** `kms:ViaService` begins with it. */
  readonly host: string;
}

export const MANAGED_SERVICES: Readonly<Record<string, ManagedService>> = {
  backup: { title: 'AWS Backup', host: 'backup' },
  dynamodb: { title: 'Amazon DynamoDB', host: 'dynamodb' },
  ebs: { title: 'EBS', host: 'ec2' },
  ecr: { title: 'ECR', host: 'ecr' },
  elasticfilesystem: { title: 'EFS', host: 'elasticfilesystem' },
  kinesis: { title: 'Kinesis', host: 'kinesis' },
  lambda: { title: 'AWS Lambda', host: 'lambda' },
  rds: { title: 'RDS', host: 'rds' },
  s3: { title: 'S3', host: 's3' },
  secretsmanager: { title: 'AWS Secrets Manager', host: 'secretsmanager' },
  sns: { title: 'SNS', host: 'sns' },
  sqs: { title: 'Simple Queue Service (SQS)', host: 'sqs' },
  ssm: { title: 'AWS Systems Manager', host: 'ssm' },
};

/** Each of them is there from the start; its key comes later. */
export const PREDEFINED_ALIASES: readonly string[] = Object.keys(MANAGED_SERVICES).map((name) => `alias/aws/${name}`);

/** `sqs` of `alias/aws/sqs`, in every form that a KeyId has. */
export function managedService(keyId: string): string | undefined {
  const service = /(?:^|:)alias\/aws\/([a-z0-9]+)$/.exec(keyId)?.[1];
  return service !== undefined && Object.hasOwn(MANAGED_SERVICES, service) ? service : undefined;
}
