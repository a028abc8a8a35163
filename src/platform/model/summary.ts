/** A service's summary, from its model: the generator writes it, tests make it of models of their own. */
import type { ServiceModel, ServiceSummary } from '#platform/model/schema.ts';

export const summaryOf = ({ metadata, authorization }: ServiceModel): ServiceSummary => ({
  metadata,
  ...(authorization && { prefix: authorization.prefix }),
});
