import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import Form from '@cloudscape-design/components/form';
import FormField from '@cloudscape-design/components/form-field';
import Grid from '@cloudscape-design/components/grid';
import Header from '@cloudscape-design/components/header';
import Input, { type InputProps } from '@cloudscape-design/components/input';
import SegmentedControl from '@cloudscape-design/components/segmented-control';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { type FormEvent, type ReactNode, useState } from 'react';
import { CallError } from '../makonis.ts';
import { type Session, signInByPassword } from '../session.ts';

type Way = 'user' | 'root' | 'key';

const WAYS: readonly { readonly id: Way; readonly text: string }[] = [
  { id: 'user', text: 'IAM user' },
  { id: 'root', text: 'Root user' },
  { id: 'key', text: 'Access key' },
];

interface Entered {
  readonly account: string;
  readonly userName: string;
  readonly password: string;
  readonly mfaCode: string;
  readonly newPassword: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

const NOTHING: Entered = {
  account: '',
  userName: '',
  password: '',
  mfaCode: '',
  newPassword: '',
  accessKeyId: '',
  secretAccessKey: '',
  sessionToken: '',
};

/** What the cloud asks for beyond name and password. */
type Wanted = 'mfaCode' | 'newPassword';
const ASKED_FOR: Readonly<Record<string, Wanted>> = {
  MfaRequiredException: 'mfaCode',
  PasswordChangeRequiredException: 'newPassword',
};

export function SignIn({ onSignedIn }: { readonly onSignedIn: (session: Session) => void }): ReactNode {
  const [way, setWay] = useState<Way>('user');
  const [entered, setEntered] = useState(NOTHING);
  const [wanted, setWanted] = useState<readonly Wanted[]>([]);
  const [problem, setProblem] = useState<string>();
  const [isBusy, setIsBusy] = useState(false);
  const field = (name: keyof Entered, label: string, more: Partial<InputProps> = {}) => (
    <FormField label={label} key={name}>
      <Input
        name={name}
        value={entered[name]}
        onChange={({ detail }) => setEntered({ ...entered, [name]: detail.value })}
        {...more}
      />
    </FormField>
  );

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault();
    setIsBusy(true);
    setProblem(undefined);
    try {
      onSignedIn(await signIn(way, entered));
    } catch (error) {
      const next = error instanceof CallError ? ASKED_FOR[error.code] : undefined;
      if (next !== undefined) setWanted([...wanted, next]);
      setProblem(error instanceof Error ? error.message : String(error));
      setIsBusy(false);
    }
  }

  const password: Partial<InputProps> = { type: 'password', autoComplete: 'current-password' };
  const isByPassword = way !== 'key';
  return (
    <Box padding={{ top: 'xxxl' }}>
      <Grid gridDefinition={[{ colspan: { default: 12, s: 6, m: 4 }, offset: { default: 0, s: 3, m: 4 } }]}>
        <form onSubmit={(event) => void submit(event)}>
          <Form
            actions={
              <Button variant="primary" loading={isBusy} formAction="submit">
                Sign in
              </Button>
            }
          >
            <Container header={<Header variant="h1">Sign in to Makonis</Header>}>
              <SpaceBetween size="l">
                <SegmentedControl
                  label="How to sign in"
                  selectedId={way}
                  options={[...WAYS]}
                  onChange={({ detail }) => {
                    setWay(detail.selectedId as Way);
                    setWanted([]);
                    setProblem(undefined);
                  }}
                />
                {problem !== undefined && <Alert type="error">{problem}</Alert>}
                {isByPassword && field('account', 'Account ID or alias', { autoFocus: true })}
                {way === 'user' && field('userName', 'User name', { autoComplete: 'username' })}
                {isByPassword && field('password', 'Password', password)}
                {wanted.includes('mfaCode') && field('mfaCode', 'MFA code', { inputMode: 'numeric' })}
                {wanted.includes('newPassword') && field('newPassword', 'New password', { type: 'password' })}
                {way === 'key' && field('accessKeyId', 'Access key ID', { autoFocus: true })}
                {way === 'key' && field('secretAccessKey', 'Secret access key', { type: 'password' })}
                {way === 'key' && field('sessionToken', 'Session token, if there is one')}
              </SpaceBetween>
            </Container>
          </Form>
        </form>
      </Grid>
    </Box>
  );
}

async function signIn(way: Way, entered: Entered): Promise<Session> {
  if (way !== 'key') return signInByPassword({ ...entered, userName: way === 'root' ? '' : entered.userName });
  const { accessKeyId, secretAccessKey, sessionToken } = entered;
  if (accessKeyId === '' || secretAccessKey === '') throw new Error('Enter an access key and its secret.');
  return {
    credentials: {
      accessKeyId: accessKeyId.trim(),
      secretAccessKey: secretAccessKey.trim(),
      ...(sessionToken !== '' && { sessionToken: sessionToken.trim() }),
    },
    name: accessKeyId.trim(),
  };
}
