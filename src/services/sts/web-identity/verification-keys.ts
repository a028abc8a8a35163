/** Which keys of a JSON Web Key Set may verify tokens: "RSA keys (RS256, …) or ECDSA keys (ES256, …)". */
import type { JWK } from 'jose';

export const isVerificationKey = (key: unknown): key is JWK =>
  typeof key === 'object' && key !== null && 'kty' in key && (key.kty === 'RSA' || key.kty === 'EC');
