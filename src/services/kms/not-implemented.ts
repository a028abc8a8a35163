/** Operations that are left out, each with its reason. */
const KEY_STORES = 'custom key stores stand on AWS CloudHSM or an external key manager, which this cloud does not have';

export const notImplemented = {
  ConnectCustomKeyStore: KEY_STORES,
  CreateCustomKeyStore: KEY_STORES,
  DeleteCustomKeyStore: KEY_STORES,
  DisconnectCustomKeyStore: KEY_STORES,
  UpdateCustomKeyStore: KEY_STORES,
} as const;
