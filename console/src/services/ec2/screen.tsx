import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import RFB from '@novnc/novnc';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import type { RoomProps } from '../../app.tsx';
import { reasonOf } from '../../clients.ts';
import { connect } from './connection.ts';

type State = 'connecting' | 'connected' | 'ended';

/** The machine's own display, keyboard and mouse. */
export function Screen({ session, region, instance, onGo }: RoomProps & { readonly instance: string }): ReactNode {
  const display = useRef<HTMLDivElement>(null);
  const remote = useRef<RFB>(undefined);
  const [state, setState] = useState<State>('connecting');
  const [problem, setProblem] = useState<string>();

  useEffect(() => {
    let isLeft = false;
    connect(session, { instance, region, target: 'screen' }).then(
      (socket) => {
        if (isLeft || display.current === null) return socket.close();
        const rfb = new RFB(display.current, socket);
        rfb.scaleViewport = true;
        rfb.focusOnClick = true;
        rfb.addEventListener('connect', () => {
          setState('connected');
          rfb.focus();
        });
        rfb.addEventListener('disconnect', () => setState('ended'));
        remote.current = rfb;
      },
      (error) => setProblem(reasonOf(error)),
    );
    return () => {
      isLeft = true;
      remote.current?.disconnect();
    };
  }, [session, region, instance]);

  return (
    <SpaceBetween size="m">
      <Header
        variant="h1"
        actions={
          <SpaceBetween direction="horizontal" size="xs">
            <Button disabled={state !== 'connected'} onClick={() => remote.current?.sendCtrlAltDel()}>
              Ctrl+Alt+Del
            </Button>
            <Button onClick={() => onGo({ kind: 'instances' })}>Close</Button>
          </SpaceBetween>
        }
      >
        Screen of {instance}
      </Header>
      {problem !== undefined && <Alert type="error">{problem}</Alert>}
      {state === 'connecting' && problem === undefined && (
        <StatusIndicator type="in-progress">Connecting</StatusIndicator>
      )}
      {state === 'ended' && <StatusIndicator type="stopped">The connection has ended</StatusIndicator>}
      <div ref={display} data-testid="screen" style={{ height: '70vh', background: '#0f1b2a' }} />
    </SpaceBetween>
  );
}
