/** How an error of EC2's is written down. */
export interface Worded {
  readonly code: string;
  readonly message: string;
  readonly status?: number;
}
