/** What a website shows of an error when it has no document of its own for it. */
import type { ServiceError } from '#platform/error.ts';

/** Those that S3 has; Node's own table would load its HTTP. */
const REASONS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  412: 'Precondition Failed',
  416: 'Requested Range Not Satisfiable',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};

const asText = (text: string): string => text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);

/** Who is refused is not told why. */
const messageOf = ({ code, message }: ServiceError): string => (code === 'AccessDenied' ? 'Access Denied' : message);

function facts(error: ServiceError): readonly (readonly [string, string])[] {
  const fields = Object.entries(error.fields ?? {}).filter(([, value]) => typeof value === 'string');
  return [['Code', error.code], ['Message', messageOf(error)], ...(fields as [string, string][])];
}

const listed = (pairs: readonly (readonly [string, string])[]): string =>
  pairs.map(([name, value]) => `<li>${name}: ${asText(value)}</li>\n`).join('');

/** `second`: why the custom document can't be shown. */
export function errorPage(status: number, error: ServiceError, requestId: string, second?: ServiceError): string {
  const title = `${status} ${REASONS[status] ?? ''}`;
  const ids = [
    ['RequestId', requestId],
    ['HostId', Buffer.from(requestId).toString('base64')],
  ] as const;
  const further = second
    ? `<h3>An Error Occurred While Attempting to Retrieve a Custom Error Document</h3>\n<ul>\n${listed(facts(second))}</ul>\n`
    : '';
  return `<html>\n<head><title>${title}</title></head>\n<body>\n<h1>${title}</h1>\n<ul>\n${listed([...facts(error), ...ids])}</ul>\n${further}<hr/>\n</body>\n</html>\n`;
}
