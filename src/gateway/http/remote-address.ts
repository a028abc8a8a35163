/** A client's address as policies write it: one that came by IPv4 to a socket for both families is an IPv4 address. */
export const remoteAddressOf = (socket: { readonly remoteAddress?: string | undefined }): string =>
  (socket.remoteAddress ?? '').replace(/^::ffff:(?=[0-9]+\.)/, '');
