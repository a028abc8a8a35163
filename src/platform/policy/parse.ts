/** Policy documents (contract; the parser is being written). */
export interface CompiledPolicy {
  readonly source: string;
}

export declare function parsePolicy(json: string, kind: 'identity' | 'resource' | 'trust'): CompiledPolicy;
