/**
 * The website endpoint: a bucket's objects to anybody who may read them, as pages. Each object is read by S3's own operation, as an
 * anonymous caller, so what a policy forbids stays hidden and all is metered and audited. Signatures and credentials have no place here.
 *
 * Source: S3 User Guide, "Hosting a static website", "Configuring an index document", "Configuring a custom error document".
 */
import { ServiceError } from '#platform/error.ts';
import type { WebsiteConfiguration } from '#platform/model/generated/s3.ts';
import type { Input, Output } from '#platform/service.ts';
import type { SiteAnswer, SiteRequest } from '#platform/web.ts';
import { findBucket } from '#services/s3/buckets/open-bucket.ts';
import { s3Error } from '#services/s3/errors.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import { partitionOf } from '#services/s3/state.ts';
import { websiteOf } from '#services/s3/website/configuration.ts';
import { errorPage } from '#services/s3/website/error-page.ts';
import { type Asked, pathOf, type RedirectTo, redirectOf, redirectOfAll } from '#services/s3/website/redirects.ts';

const FOUND = 302;

export const site =
  (parts: S3Parts) =>
  async (request: SiteRequest): Promise<SiteAnswer> => {
    const { name, method, path } = request;
    try {
      const configuration = configurationOf(parts, name);
      if (method !== 'GET' && method !== 'HEAD') throw s3Error('MethodNotAllowed', { about: 'OBJECT' });
      const asked = { ...request, key: decodedPath(path).slice(1) };
      return await page(configuration, asked, request);
    } catch (error) {
      return failed(error, request);
    }
  };

function configurationOf({ directory, store, sealer }: S3Parts, name = ''): WebsiteConfiguration {
  const partition = partitionOf(store, directory.ownerOf(name));
  return partition.read((tx) => {
    const bucket = findBucket(tx, sealer, name);
    if (bucket === undefined) throw s3Error('NoSuchBucket', { about: name });
    const configuration = websiteOf(tx, bucket);
    if (configuration === undefined) throw s3Error('NoSuchWebsiteConfiguration', { about: name });
    return configuration;
  });
}

function decodedPath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw s3Error('InvalidRequest', { message: "Couldn't parse the specified URI." });
  }
}

async function page(website: WebsiteConfiguration, asked: Asked, request: SiteRequest): Promise<SiteAnswer> {
  const { RedirectAllRequestsTo, RoutingRules = [], IndexDocument, ErrorDocument } = website;
  if (RedirectAllRequestsTo !== undefined) return redirect(redirectOfAll(RedirectAllRequestsTo, asked));
  const byKey = redirectOf(RoutingRules, asked, undefined);
  if (byKey !== undefined) return redirect(byKey);
  // Checked when it was put: it is there where not all is redirected.
  const suffix = IndexDocument?.Suffix ?? '';
  const isFolder = asked.key === '' || asked.key.endsWith('/');
  try {
    return shown(await read(request, isFolder ? asked.key + suffix : asked.key), request);
  } catch (error) {
    if (!(error instanceof ServiceError) || statusOf(error) < 400) throw error;
    const status = statusOf(error);
    // Who may not list is told of no key, but is led to a page that is there.
    if (!isFolder && (status === 404 || status === 403) && (await isThere(request, `${asked.key}/${suffix}`))) {
      return redirect({ status: FOUND, location: pathOf(`${asked.key}/`) });
    }
    const byError = redirectOf(RoutingRules, asked, status);
    if (byError !== undefined) return redirect(byError);
    if (ErrorDocument === undefined || status >= 500) throw error;
    return await errorDocument(request, ErrorDocument.Key, error);
  }
}

/** The document, under the status of the error that it is shown for. */
async function errorDocument(request: SiteRequest, key: string, error: ServiceError): Promise<SiteAnswer> {
  try {
    const { Range: _, IfMatch: _1, IfNoneMatch: _2, ...plain } = conditionsOf(request);
    const answered = await readWith(request, key, plain);
    return { ...answered, status: statusOf(error) };
  } catch (second) {
    if (second instanceof ServiceError) return failed(error, request, second);
    throw second;
  }
}

const statusOf = ({ status, code }: ServiceError): number => status ?? (code === 'AccessDenied' ? 403 : 400);

const redirect = ({ status, location }: RedirectTo): SiteAnswer => ({ status, headers: { location }, body: '' });

/** An object may itself be a redirect. */
function shown(answer: Answered, { method }: SiteRequest): SiteAnswer {
  const { WebsiteRedirectLocation: location } = answer.answered.output as { WebsiteRedirectLocation?: string };
  if (location !== undefined) return redirect({ status: 301, location });
  return method === 'HEAD' ? { ...answer, body: '' } : answer;
}

type Answered = { readonly answered: { readonly operation: string; readonly output: Output } };

const CONDITIONS: Readonly<Record<string, string>> = {
  range: 'Range',
  'if-match': 'IfMatch',
  'if-none-match': 'IfNoneMatch',
};

function conditionsOf({ headers }: SiteRequest): Input {
  const input: Input = {};
  for (const [header, member] of Object.entries(CONDITIONS)) {
    if (headers[header] !== undefined) input[member] = headers[header];
  }
  const since = Date.parse(headers['if-modified-since'] ?? '');
  if (!Number.isNaN(since)) input['IfModifiedSince'] = since;
  return input;
}

const read = (request: SiteRequest, key: string): Promise<Answered> => readWith(request, key, conditionsOf(request));

async function readWith({ name, method, ask }: SiteRequest, Key: string, further: Input): Promise<Answered> {
  const operation = method === 'HEAD' ? 'HeadObject' : 'GetObject';
  return { answered: { operation, output: await ask(operation, { Bucket: name, Key, ...further }) } };
}

async function isThere({ name, ask }: SiteRequest, Key: string): Promise<boolean> {
  try {
    await ask('HeadObject', { Bucket: name, Key });
    return true;
  } catch (error) {
    if (error instanceof ServiceError) return false;
    throw error;
  }
}

function failed(error: unknown, { requestId, method }: SiteRequest, second?: ServiceError): SiteAnswer {
  if (!(error instanceof ServiceError)) throw error;
  const status = statusOf(error);
  if (status === 304) return { status, headers: {}, body: '' };
  const headers = {
    'content-type': 'text/html; charset=utf-8',
    'x-amz-error-code': error.code,
    'x-amz-error-message': error.code === 'AccessDenied' ? 'Access Denied' : error.message,
  };
  return { status, headers, body: method === 'HEAD' ? '' : errorPage(status, error, requestId, second) };
}
