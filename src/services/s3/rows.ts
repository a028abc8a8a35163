/** What rows of the tables of operations have in common. Requests are billed in two tiers (S3 pricing): writes and lists, and all others. */
export const TIER_1 = 'Requests-Tier1';
export const TIER_2 = 'Requests-Tier2';
export const EXPRESS_TIER_1 = 'Requests-XZ-Tier1';
export const EXPRESS_TIER_2 = 'Requests-XZ-Tier2';
export const BYTES_IN = 'DataTransfer-In-Bytes';
export const BYTES_OUT = 'DataTransfer-Out-Bytes';
/** Deletes cost nothing. */
export const FREE = 'Requests-Free';
