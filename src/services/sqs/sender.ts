import type { Call } from '#platform/service.ts';

/** SenderId: the user's or role session's id, the account of its root, the address of an anonymous sender. */
export function senderId(call: Call): string {
  const { principal } = call;
  switch (principal.kind) {
    case 'anonymous':
      return call.sourceAddress;
    case 'service':
      return principal.service;
    default:
      return principal.userId;
  }
}
