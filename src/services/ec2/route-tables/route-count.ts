/** How much of the quota of routes a table takes: those that nobody made do not count. */
import { heaviest, type ListSizes, ofFamily } from '#services/ec2/prefix-lists/list-sizes.ts';
import type { RouteTableRow } from '#services/ec2/route-tables/state.ts';

export const countRoutes = ({ routes }: Pick<RouteTableRow, 'routes'>, sizes: ListSizes): number =>
  heaviest(
    routes.flatMap(({ destination, origin }) => {
      if (origin !== 'CreateRoute') return [];
      return destination.startsWith('pl-') ? sizes(destination) : ofFamily(destination);
    }),
  );
