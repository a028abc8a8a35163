/** The text of a policy with these statements. */
export const document = (...Statement: object[]): string => JSON.stringify({ Version: '2012-10-17', Statement });
