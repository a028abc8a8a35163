/**
 * What describe operations of EC2's do alike: all there is or what is named, through filters, page by page. One that is named and
 * not there is an error of its kind.
 */
import type { ResourceType } from '#platform/model/generated/ec2.ts';
import type { PageTokens } from '#platform/page-token.ts';
import type { Call } from '#platform/service.ts';
import { type Tags, tagsOf } from '#platform/tags.ts';
import { compileFilters, type Fields, type Filter } from '#services/ec2/filters.ts';
import { type PageInput, pageOf } from '#services/ec2/pages.ts';
import { resourceArn } from '#services/ec2/resources.ts';
import type { Rows } from '#services/ec2/rows.ts';

export type Tagged<Row> = Row & { readonly tags: Tags };

export interface Described<Row> {
  readonly rows: Pick<Rows<Row>, 'find' | 'all'>;
  readonly type: ResourceType;
  readonly fields: Fields<Tagged<Row>>;
  readonly absent: (id: string) => never;
}

export interface DescribeInput extends PageInput {
  readonly Filters?: readonly Filter[];
}

export function describe<Row extends { readonly id: string }>(
  pages: PageTokens,
  call: Call,
  noun: Described<Row>,
  input: DescribeInput,
  ids: readonly string[] = [],
): { readonly items: readonly Tagged<Row>[]; readonly more: { readonly NextToken?: string } } {
  const { tx } = call;
  const passes = compileFilters(input.Filters, noun.fields, ({ tags }: Tagged<Row>) => tags);
  const named = [...new Set(ids)].sort().map((id) => noun.rows.find(tx, id) ?? noun.absent(id));
  const tagged = (row: Row): Tagged<Row> => ({ ...row, tags: tagsOf(tx, resourceArn(call, noun.type, row.id)) });
  const query = [ids, input.Filters];
  return pageOf(pages, call, input, query, function* (position) {
    for (const row of ids.length > 0 ? named : noun.rows.all(tx)) {
      if (position !== undefined && row.id <= position) continue;
      const item = tagged(row);
      if (passes(item)) yield { item, position: row.id };
    }
  });
}
