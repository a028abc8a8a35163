/** Of test clouds: the URL of a database for their rows. */
export const STORE_VARIABLE = 'MAKONIS_INTERNAL_TEST_STORE';
