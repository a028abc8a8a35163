import {
  DescribeImagesCommand,
  DescribeInstanceTypesCommand,
  DescribeKeyPairsCommand,
  type EC2Client,
  type _InstanceType as InstanceType,
  RunInstancesCommand,
} from '@aws-sdk/client-ec2';
import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import Form from '@cloudscape-design/components/form';
import FormField from '@cloudscape-design/components/form-field';
import Header from '@cloudscape-design/components/header';
import Input from '@cloudscape-design/components/input';
import Select, { type SelectProps } from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { type FormEvent, type ReactNode, useEffect, useState } from 'react';
import type { RoomProps } from '../../app.tsx';
import { reasonOf } from '../../clients.ts';

interface Choices {
  readonly images: readonly SelectProps.Option[];
  readonly types: readonly SelectProps.Option[];
  readonly keys: readonly SelectProps.Option[];
}

const NO_KEY: SelectProps.Option = { label: 'No key pair', value: '' };

async function choicesOf(client: EC2Client): Promise<Choices> {
  const [{ Images = [] }, { InstanceTypes = [] }, { KeyPairs = [] }] = await Promise.all([
    client.send(new DescribeImagesCommand({ Owners: ['self', 'amazon'] })),
    client.send(new DescribeInstanceTypesCommand({})),
    client.send(new DescribeKeyPairsCommand({})),
  ]);
  return {
    images: Images.map(({ ImageId, Name, Description }) => ({
      value: ImageId ?? '',
      label: Name ?? ImageId ?? '',
      description: Description ?? '',
    })).sort(byLabel),
    types: InstanceTypes.map(({ InstanceType: type, VCpuInfo, MemoryInfo }) => ({
      value: type ?? '',
      label: type ?? '',
      description: `${VCpuInfo?.DefaultVCpus} vCPU, ${(MemoryInfo?.SizeInMiB ?? 0) / 1024} GiB`,
    })).sort(byLabel),
    keys: [NO_KEY, ...KeyPairs.map(({ KeyName = '' }) => ({ value: KeyName, label: KeyName }))],
  };
}

const byLabel = (a: { label: string }, b: { label: string }): number => a.label.localeCompare(b.label);

/** Others may take minutes to build when they are first launched. */
const quickest = (images: Choices['images']): SelectProps.Option | undefined =>
  images.find(({ label }) => label?.startsWith('makonis-micro-')) ?? images[0];

export function LaunchInstance({ client, onGo }: RoomProps): ReactNode {
  const [choices, setChoices] = useState<Choices>();
  const [name, setName] = useState('');
  const [image, setImage] = useState<SelectProps.Option>();
  const [type, setType] = useState<SelectProps.Option>({ value: 't3.micro', label: 't3.micro' });
  const [key, setKey] = useState<SelectProps.Option>(NO_KEY);
  const [problem, setProblem] = useState<string>();
  const [isBusy, setIsBusy] = useState(false);

  useEffect(() => {
    choicesOf(client).then(
      (found) => {
        setChoices(found);
        setImage((before) => before ?? quickest(found.images));
      },
      (error) => setProblem(reasonOf(error)),
    );
  }, [client]);

  async function launch(event: FormEvent): Promise<void> {
    event.preventDefault();
    setIsBusy(true);
    try {
      await client.send(
        new RunInstancesCommand({
          ImageId: image?.value,
          InstanceType: type.value as InstanceType,
          MinCount: 1,
          MaxCount: 1,
          ...(key.value !== '' && { KeyName: key.value }),
          ...(name !== '' && {
            TagSpecifications: [{ ResourceType: 'instance', Tags: [{ Key: 'Name', Value: name }] }],
          }),
        }),
      );
      onGo({ kind: 'instances' });
    } catch (error) {
      setProblem(reasonOf(error));
      setIsBusy(false);
    }
  }

  const select = (
    label: string,
    options: readonly SelectProps.Option[] | undefined,
    chosen: SelectProps.Option | undefined,
    onChoose: (option: SelectProps.Option) => void,
  ) => (
    <FormField label={label}>
      <Select
        options={options ?? []}
        selectedOption={chosen ?? null}
        statusType={options === undefined ? 'loading' : 'finished'}
        filteringType="auto"
        ariaLabel={label}
        onChange={({ detail }) => onChoose(detail.selectedOption)}
      />
    </FormField>
  );
  return (
    <form onSubmit={(event) => void launch(event)}>
      <Form
        header={<Header variant="h1">Launch an instance</Header>}
        actions={
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" formAction="none" onClick={() => onGo({ kind: 'instances' })}>
              Cancel
            </Button>
            <Button variant="primary" loading={isBusy} disabled={image === undefined} formAction="submit">
              Launch
            </Button>
          </SpaceBetween>
        }
        {...(problem !== undefined && { errorText: problem })}
      >
        <Container>
          <SpaceBetween size="l">
            {choices?.images.length === 0 && <Alert type="info">There are no images in this region.</Alert>}
            <FormField label="Name">
              <Input name="name" value={name} onChange={({ detail }) => setName(detail.value)} />
            </FormField>
            {select('Image', choices?.images, image, setImage)}
            {select('Instance type', choices?.types, type, setType)}
            {select('Key pair', choices?.keys, key, setKey)}
          </SpaceBetween>
        </Container>
      </Form>
    </form>
  );
}
