import {
  type EC2Client,
  type Instance,
  paginateDescribeInstances,
  RebootInstancesCommand,
  StartInstancesCommand,
  StopInstancesCommand,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2';
import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import ButtonDropdown from '@cloudscape-design/components/button-dropdown';
import Header from '@cloudscape-design/components/header';
import Modal from '@cloudscape-design/components/modal';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator, { type StatusIndicatorProps } from '@cloudscape-design/components/status-indicator';
import Table from '@cloudscape-design/components/table';
import { type ReactNode, useCallback, useEffect, useState } from 'react';
import type { RoomProps } from '../../app.tsx';
import { reasonOf } from '../../clients.ts';

const REFRESH_MILLISECONDS = 3000;

const INDICATORS: Readonly<Record<string, StatusIndicatorProps.Type>> = {
  pending: 'pending',
  running: 'success',
  'shutting-down': 'in-progress',
  stopping: 'in-progress',
  stopped: 'stopped',
  terminated: 'stopped',
};

const nameOf = ({ Tags = [] }: Instance): string => Tags.find(({ Key }) => Key === 'Name')?.Value ?? '';
const idOf = ({ InstanceId = '' }: Instance): string => InstanceId;
const stateOf = ({ State }: Instance): string => State?.Name ?? '';

async function allInstances(client: EC2Client): Promise<Instance[]> {
  const found: Instance[] = [];
  for await (const { Reservations = [] } of paginateDescribeInstances({ client, pageSize: 1000 }, {})) {
    found.push(...Reservations.flatMap(({ Instances = [] }) => Instances));
  }
  return found;
}

type Action = 'start' | 'stop' | 'reboot' | 'terminate';

const COMMANDS = {
  start: (InstanceIds: string[]) => new StartInstancesCommand({ InstanceIds }),
  stop: (InstanceIds: string[]) => new StopInstancesCommand({ InstanceIds }),
  reboot: (InstanceIds: string[]) => new RebootInstancesCommand({ InstanceIds }),
  terminate: (InstanceIds: string[]) => new TerminateInstancesCommand({ InstanceIds }),
};

export function Instances({ client, onGo }: RoomProps): ReactNode {
  const [items, setItems] = useState<readonly Instance[]>();
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const [problem, setProblem] = useState<string>();
  const [isTerminating, setIsTerminating] = useState(false);

  const refresh = useCallback(async () => {
    try {
      setItems(await allInstances(client));
      setProblem(undefined);
    } catch (error) {
      setItems((before) => before ?? []);
      setProblem(reasonOf(error));
    }
  }, [client]);

  useEffect(() => {
    setItems(undefined);
    setChosen([]);
    void refresh();
    const timer = setInterval(() => void refresh(), REFRESH_MILLISECONDS);
    return () => clearInterval(timer);
  }, [refresh]);

  async function act(action: Action): Promise<void> {
    try {
      // Each command's output is another type; nothing of it is needed.
      await client.send(COMMANDS[action]([...chosen]) as StartInstancesCommand);
      await refresh();
    } catch (error) {
      setProblem(reasonOf(error));
    }
  }

  const selected = (items ?? []).filter((item) => chosen.includes(idOf(item)));
  const states = new Set(selected.map(stateOf));
  const only = selected.length === 1 ? selected[0] : undefined;
  const isRunning = states.has('running');
  return (
    <SpaceBetween size="m">
      {problem !== undefined && <Alert type="error">{problem}</Alert>}
      <Table
        variant="full-page"
        header={
          <Header
            variant="h1"
            counter={items === undefined ? '' : `(${items.length})`}
            actions={
              <SpaceBetween direction="horizontal" size="xs">
                <Button iconName="refresh" ariaLabel="Refresh" onClick={() => void refresh()} />
                <Button
                  disabled={only === undefined || !isRunning}
                  onClick={() => only && onGo({ kind: 'screen', instance: idOf(only) })}
                >
                  Screen
                </Button>
                <Button
                  disabled={only === undefined || !isRunning}
                  onClick={() => only && onGo({ kind: 'serial', instance: idOf(only) })}
                >
                  Serial console
                </Button>
                <ButtonDropdown
                  disabled={selected.length === 0}
                  items={[
                    { id: 'stop', text: 'Stop', disabled: !isRunning },
                    { id: 'start', text: 'Start', disabled: !states.has('stopped') },
                    { id: 'reboot', text: 'Reboot', disabled: !isRunning },
                    { id: 'terminate', text: 'Terminate' },
                  ]}
                  onItemClick={({ detail }) =>
                    detail.id === 'terminate' ? setIsTerminating(true) : void act(detail.id as Action)
                  }
                >
                  Instance state
                </ButtonDropdown>
                <Button variant="primary" onClick={() => onGo({ kind: 'launch' })}>
                  Launch an instance
                </Button>
              </SpaceBetween>
            }
          >
            Instances
          </Header>
        }
        loading={items === undefined}
        loadingText="Loading instances"
        items={items ?? []}
        trackBy={idOf}
        selectionType="multi"
        selectedItems={selected}
        onSelectionChange={({ detail }) => setChosen(detail.selectedItems.map(idOf))}
        ariaLabels={{
          selectionGroupLabel: 'Instances',
          allItemsSelectionLabel: () => 'all instances',
          itemSelectionLabel: (_, item) => idOf(item),
        }}
        empty={<Box textAlign="center">No instances here.</Box>}
        columnDefinitions={[
          { id: 'name', header: 'Name', cell: nameOf },
          { id: 'id', header: 'Instance ID', cell: idOf, isRowHeader: true },
          {
            id: 'state',
            header: 'State',
            cell: (item) => (
              <StatusIndicator type={INDICATORS[stateOf(item)] ?? 'info'}>{stateOf(item)}</StatusIndicator>
            ),
          },
          { id: 'type', header: 'Type', cell: ({ InstanceType }) => InstanceType ?? '' },
          { id: 'zone', header: 'Zone', cell: ({ Placement }) => Placement?.AvailabilityZone ?? '' },
          { id: 'public', header: 'Public IPv4', cell: ({ PublicIpAddress }) => PublicIpAddress ?? '–' },
          { id: 'private', header: 'Private IPv4', cell: ({ PrivateIpAddress }) => PrivateIpAddress ?? '–' },
          { id: 'launched', header: 'Launched', cell: ({ LaunchTime }) => LaunchTime?.toLocaleString() ?? '' },
        ]}
      />
      <Modal
        visible={isTerminating}
        header="Terminate"
        onDismiss={() => setIsTerminating(false)}
        footer={
          <Box float="right">
            <SpaceBetween direction="horizontal" size="xs">
              <Button variant="link" onClick={() => setIsTerminating(false)}>
                Cancel
              </Button>
              <Button
                variant="primary"
                onClick={() => {
                  setIsTerminating(false);
                  void act('terminate');
                }}
              >
                Terminate
              </Button>
            </SpaceBetween>
          </Box>
        }
      >
        {chosen.join(', ')} will be gone, with all volumes that are deleted on termination.
      </Modal>
    </SpaceBetween>
  );
}
