/** Inline policies of users, roles and groups. */
import type { PageTokens } from '#platform/page-token.ts';
import type { Call } from '#platform/service.ts';
import { noSuchInline } from '#services/iam/errors.ts';
import { identitiesChanged } from '#services/iam/identity/memory.ts';
import { type Owner, type OwnerRow, ownerOf } from '#services/iam/owners.ts';
import { type PageEnd, type PageInput, type Positioned, pageOf } from '#services/iam/paging.ts';
import { checkInlineDocuments, checkWritten, encodedDocument } from '#services/iam/policies/documents.ts';
import { inlinePolicies } from '#services/iam/state.ts';

type Named = { readonly PolicyName: string };

export const putInline =
  <In, Row extends OwnerRow>(owner: Owner<In, Row>) =>
  (input: In & Named & { readonly PolicyDocument: string }, { tx }: Call): void => {
    const { id, name } = ownerOf(tx, owner, input);
    const { PolicyName: policyName, PolicyDocument: document } = input;
    checkWritten(document);
    const others = tx
      .range(inlinePolicies, { prefix: [id] })
      .filter(({ key }) => inlinePolicies.parts(key)[1] !== policyName);
    const documents = [...others.map(({ row }) => row.document), document];
    checkInlineDocuments(documents, owner.inlineLimit, `${owner.noun} ${name}`);
    tx.put(inlinePolicies, inlinePolicies.key(id, policyName), { document });
    identitiesChanged(tx);
  };

export const getInline =
  <In, Row extends OwnerRow>(owner: Owner<In, Row>) =>
  (input: In & Named, { tx }: Call): { PolicyName: string; PolicyDocument: string } => {
    const { PolicyName } = input;
    const row = tx.get(inlinePolicies, inlinePolicies.key(ownerOf(tx, owner, input).id, PolicyName));
    return { PolicyName, PolicyDocument: encodedDocument((row ?? noSuchInline(owner.noun, PolicyName)).document) };
  };

export const deleteInline =
  <In, Row extends OwnerRow>(owner: Owner<In, Row>) =>
  (input: In & Named, { tx }: Call): void => {
    const key = inlinePolicies.key(ownerOf(tx, owner, input).id, input.PolicyName);
    if (!tx.get(inlinePolicies, key)) noSuchInline(owner.noun, input.PolicyName);
    tx.delete(inlinePolicies, key);
    identitiesChanged(tx);
  };

export const listInline =
  <In, Row extends OwnerRow>(pages: PageTokens, owner: Owner<In, Row>) =>
  (input: In & PageInput, call: Call): { PolicyNames: string[] } & PageEnd => {
    const { id } = ownerOf(call.tx, owner, input);
    const { items, end } = pageOf(pages, call, input, id, (after) =>
      call.tx
        .range(inlinePolicies, {
          prefix: [id],
          ...(after !== undefined && { after: inlinePolicies.key(id, after) }),
        })
        .map(({ key }): Positioned<string> => [inlinePolicies.parts(key)[1], inlinePolicies.parts(key)[1]]),
    );
    return { PolicyNames: items, ...end };
  };
