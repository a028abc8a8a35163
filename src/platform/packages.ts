/**
 * The packages that this program stands on. They are large and few calls need them, so each loads at its first use. A process that
 * gives up root may not be able to read them then: it loads all of them before (cli/up.ts).
 */

/** JSON Web Tokens and key sets. */
export const jose = () => import('jose');
/** XML signatures. */
export const xmlCrypto = () => import('xml-crypto');
/** XML documents, as xml-crypto reads them. */
export const xmldom = () => import('@xmldom/xmldom');

/** QR codes. */
export const uqr = () => import('uqr');

/** Parquet files. */
export const hyparquet = () => import('hyparquet');
/** The check sums of S3 that Node has not. */
export const hashWasm = () => import('hash-wasm');

/** Parquet files, written. */
export const hyparquetWriter = () => import('hyparquet-writer');

/** PostgreSQL's wire protocol. */
export const pg = () => import('pg');

/** WebSockets. */
export const ws = () => import('ws');

/** SSH, of which a server is made; it is of CommonJS. */
export const ssh2 = async () => (await import('ssh2')).default;

/** One that is missing is told by the call that needs it. */
export const loadPackages = () =>
  Promise.allSettled([jose(), xmlCrypto(), xmldom(), uqr(), hashWasm(), hyparquet(), hyparquetWriter(), ssh2(), ws()]);
