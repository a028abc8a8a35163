import '@xterm/xterm/css/xterm.css';
import { EnableSerialConsoleAccessCommand } from '@aws-sdk/client-ec2';
import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import { FitAddon } from '@xterm/addon-fit';
import { Terminal } from '@xterm/xterm';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import type { RoomProps } from '../../app.tsx';
import { reasonOf } from '../../clients.ts';
import { CallError } from '../../makonis.ts';
import { connect } from './connection.ts';

/** The machine's first serial line. What it writes is the guest's, and is shown as a terminal shows it: nothing of it becomes markup. */
export function SerialConsole(props: RoomProps & { readonly instance: string }): ReactNode {
  const { session, region, instance, client, onGo } = props;
  const place = useRef<HTMLDivElement>(null);
  const [problem, setProblem] = useState<string>();
  const [isDisabled, setIsDisabled] = useState(false);
  const [isEnded, setIsEnded] = useState(false);
  /** Counts the attempts: another one begins anew. */
  const [attempt, setAttempt] = useState(0);

  async function enable(): Promise<void> {
    try {
      await client.send(new EnableSerialConsoleAccessCommand());
      setProblem(undefined);
      setIsDisabled(false);
      setAttempt(attempt + 1);
    } catch (error) {
      setProblem(reasonOf(error));
    }
  }

  // biome-ignore lint/correctness/useExhaustiveDependencies(attempt): it is what begins anew
  useEffect(() => {
    if (place.current === null) return;
    let socket: WebSocket | undefined;
    let isLeft = false;
    const terminal = new Terminal({ cursorBlink: true, scrollback: 5000, fontSize: 14 });
    const fit = new FitAddon();
    terminal.loadAddon(fit);
    terminal.open(place.current);
    fit.fit();
    terminal.focus();
    const encoder = new TextEncoder();
    /** Typed before the line was open. */
    let waiting = '';
    const send = (text: string): void => {
      if (socket?.readyState === WebSocket.OPEN) socket.send(encoder.encode(text));
      else if (socket === undefined || socket.readyState === WebSocket.CONNECTING) waiting += text;
    };
    terminal.onData(send);
    connect(session, { instance, region, target: 'serial' }).then(
      (opened) => {
        if (isLeft) return opened.close();
        socket = opened;
        opened.onmessage = ({ data }: MessageEvent<ArrayBuffer>) => terminal.write(new Uint8Array(data));
        opened.onclose = () => setIsEnded(true);
        opened.onopen = () => send(waiting);
      },
      (error) => {
        setProblem(reasonOf(error));
        setIsDisabled(error instanceof CallError && error.code === 'SerialConsoleAccessDisabledException');
      },
    );
    return () => {
      isLeft = true;
      socket?.close();
      terminal.dispose();
    };
  }, [session, region, instance, attempt]);

  return (
    <SpaceBetween size="m">
      <Header variant="h1" actions={<Button onClick={() => onGo({ kind: 'instances' })}>Close</Button>}>
        Serial console of {instance}
      </Header>
      {problem !== undefined && (
        <Alert type="error" action={isDisabled && <Button onClick={() => void enable()}>Allow serial consoles</Button>}>
          {problem}
        </Alert>
      )}
      {isEnded && <StatusIndicator type="stopped">The connection has ended</StatusIndicator>}
      <div ref={place} data-testid="serial" style={{ height: '70vh', background: '#000' }} />
    </SpaceBetween>
  );
}
