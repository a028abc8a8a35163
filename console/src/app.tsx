import AppLayout from '@cloudscape-design/components/app-layout';
import SideNavigation from '@cloudscape-design/components/side-navigation';
import TopNavigation from '@cloudscape-design/components/top-navigation';
import { type ReactNode, useMemo, useState } from 'react';
import { ec2Client } from './clients.ts';
import { REGIONS } from './regions.ts';
import { Instances } from './services/ec2/instances.tsx';
import { LaunchInstance } from './services/ec2/launch-instance.tsx';
import { Screen } from './services/ec2/screen.tsx';
import { SerialConsole } from './services/ec2/serial-console.tsx';
import type { Session } from './session.ts';
import { SignIn } from './sign-in/sign-in.tsx';

/** Where one is in the console. It is not in the address: a reload signs out, and begins anew. */
export type Place =
  | { readonly kind: 'instances' }
  | { readonly kind: 'launch' }
  | { readonly kind: 'screen'; readonly instance: string }
  | { readonly kind: 'serial'; readonly instance: string };

export function App(): ReactNode {
  const [session, setSession] = useState<Session>();
  if (session === undefined) return <SignIn onSignedIn={setSession} />;
  return <Console session={session} onSignOut={() => setSession(undefined)} />;
}

interface ConsoleProps {
  readonly session: Session;
  readonly onSignOut: () => void;
}

function Console({ session, onSignOut }: ConsoleProps): ReactNode {
  const [region, setRegion] = useState('us-east-1');
  const [place, setPlace] = useState<Place>({ kind: 'instances' });
  const client = useMemo(() => ec2Client(session, region), [session, region]);
  return (
    <>
      <TopNavigation
        identity={{ href: '#', title: 'Makonis', onFollow: (event) => event.preventDefault() }}
        utilities={[
          {
            type: 'menu-dropdown',
            text: region,
            ariaLabel: 'Region',
            items: REGIONS.map((id) => ({ id, text: id })),
            onItemClick: ({ detail }) => {
              setRegion(detail.id);
              setPlace({ kind: 'instances' });
            },
          },
          {
            type: 'menu-dropdown',
            text: session.name,
            iconName: 'user-profile',
            items: [{ id: 'sign-out', text: 'Sign out' }],
            onItemClick: onSignOut,
          },
        ]}
      />
      <AppLayout
        toolsHide
        navigation={
          <SideNavigation
            header={{ text: 'EC2', href: '#' }}
            activeHref={place.kind === 'launch' ? '#launch' : '#instances'}
            items={[
              { type: 'link', text: 'Instances', href: '#instances' },
              { type: 'link', text: 'Launch an instance', href: '#launch' },
            ]}
            onFollow={(event) => {
              event.preventDefault();
              setPlace({ kind: event.detail.href === '#launch' ? 'launch' : 'instances' });
            }}
          />
        }
        content={<Room place={place} client={client} session={session} region={region} onGo={setPlace} />}
      />
    </>
  );
}

export interface RoomProps {
  readonly client: ReturnType<typeof ec2Client>;
  readonly session: Session;
  readonly region: string;
  readonly onGo: (place: Place) => void;
}

function Room({ place, ...room }: RoomProps & { readonly place: Place }): ReactNode {
  switch (place.kind) {
    case 'instances':
      return <Instances {...room} />;
    case 'launch':
      return <LaunchInstance {...room} />;
    case 'screen':
      return <Screen {...room} instance={place.instance} />;
    case 'serial':
      return <SerialConsole {...room} instance={place.instance} />;
  }
}
