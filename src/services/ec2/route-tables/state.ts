/** Route tables, each with its routes and associations. */
import { rowsById } from '#services/ec2/rows.ts';

export interface Route {
  /** A CIDR, or the id of a prefix list. */
  readonly destination: string;
  /** `local`, or an id: `igw-…`, `eni-…`. */
  readonly target: string;
  readonly origin: 'CreateRouteTable' | 'CreateRoute';
}

export interface RouteTableAssociation {
  /** `rtbassoc-…` */
  readonly id: string;
  /** A subnet; none: it is the main table. */
  readonly subnet?: string;
}

export interface RouteTableRow {
  readonly id: string;
  readonly vpc: string;
  readonly routes: readonly Route[];
  readonly associations: readonly RouteTableAssociation[];
}

export const routeTables = rowsById<RouteTableRow>('route-table', { wakes: 'networks' });
