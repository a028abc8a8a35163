/** Where a website sends on to. Pure. Source: S3 User Guide, "(Optional) Configuring a webpage redirect". */
import type { RedirectAllRequestsTo, RoutingRule } from '#platform/model/generated/s3.ts';

export interface Asked {
  /** `http` */
  readonly protocol: string;
  readonly host: string;
  /** Decoded, without the slash before it. */
  readonly key: string;
}

export interface RedirectTo {
  readonly status: number;
  readonly location: string;
}

const MOVED = 301;

export const pathOf = (key: string): string => `/${encodeURIComponent(key).replaceAll('%2F', '/')}`;

export const redirectOfAll = ({ HostName, Protocol }: RedirectAllRequestsTo, asked: Asked): RedirectTo => ({
  status: MOVED,
  location: `${Protocol ?? asked.protocol}://${HostName}${pathOf(asked.key)}`,
});

/** The first rule that holds: of those about errors (`error` is a status) or of those that look at the key alone. */
export function redirectOf(
  rules: readonly RoutingRule[],
  asked: Asked,
  error: number | undefined,
): RedirectTo | undefined {
  const rule = rules.find(
    ({ Condition: { HttpErrorCodeReturnedEquals: code, KeyPrefixEquals: prefix = '' } = {} }) =>
      asked.key.startsWith(prefix) && (error === undefined ? code === undefined : code === String(error)),
  );
  if (rule === undefined) return undefined;
  const { Condition, Redirect } = rule;
  const { HostName = asked.host, Protocol = asked.protocol, HttpRedirectCode = String(MOVED) } = Redirect;
  const { ReplaceKeyWith, ReplaceKeyPrefixWith } = Redirect;
  const prefix = Condition?.KeyPrefixEquals ?? '';
  let { key } = asked;
  if (ReplaceKeyWith !== undefined) key = ReplaceKeyWith;
  else if (ReplaceKeyPrefixWith !== undefined) key = ReplaceKeyPrefixWith + key.slice(prefix.length);
  return { status: Number(HttpRedirectCode), location: `${Protocol}://${HostName}${pathOf(key)}` };
}
