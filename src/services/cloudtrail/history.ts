/**
 * The event history: 90 days of management events (and of insights), read newest first, by time and by one attribute. What is
 * taken at once is a chapter of at most 1,024 records, compressed in segments of 32; for each value that occurs in a chapter one
 * index row says where. So an event costs little room, and a page little work however long the history is: one range of the index
 * for each day, and the segments that hold what is shown. A chapter's number is the time of its newest record, so chapters do
 * not overlap. An event's id tells its time.
 */
import { days, type Milliseconds, seconds } from '#platform/base/clock.ts';
import { timeOfId } from '#platform/base/ids.ts';
import { setTimer } from '#platform/jobs/timers.ts';
import type { Event } from '#platform/model/generated/cloudtrail.ts';
import type { TimerJob } from '#platform/service.ts';
import type { ReadTransaction, Transaction } from '#platform/store/store.ts';
import { type AnyRecord, type Attribute, attributesOf, eventView } from './event.ts';
import { attributes, type Category, firstNumberAt, segments, timeOfNumber } from './state.ts';

const DAY = days(1);
export const HISTORY_DAYS = 90;
const CHAPTER_RECORDS = 1024;
const SEGMENT_RECORDS = 32;

export interface HistoryRecord {
  readonly text: string;
  readonly record: AnyRecord;
  /** Of its end, in milliseconds. */
  readonly time: Milliseconds;
}

/** Adds records, which are in the order of their time. */
export function addToHistory(tx: Transaction, category: Category, records: readonly HistoryRecord[]): void {
  for (let at = 0; at < records.length; at += CHAPTER_RECORDS) {
    addChapter(tx, category, records.slice(at, at + CHAPTER_RECORDS));
  }
}

function addChapter(tx: Transaction, category: Category, records: readonly HistoryRecord[]): void {
  const [last] = tx.range(segments, { prefix: [category], reverse: true, limit: 1 });
  const after = last === undefined ? 0 : segments.parts(last.key)[2] + 1;
  const number = Math.max(after, firstNumberAt(records.at(-1)?.time ?? 0));
  const day = dayOf(number);
  if (last === undefined || segments.parts(last.key)[1] !== day) sweepWhenOld(tx, category, day);
  for (let part = 0; part * SEGMENT_RECORDS < records.length; part++) {
    const some = records.slice(part * SEGMENT_RECORDS, (part + 1) * SEGMENT_RECORDS);
    tx.put(
      segments,
      segments.key(category, day, number, part),
      some.map(({ text }) => text),
    );
  }
  for (const { attribute, value, at } of placesOf(records)) {
    tx.put(attributes, attributes.key(category, day, attribute, value, number), [...at]);
  }
}

interface Places {
  readonly attribute: Attribute;
  readonly value: string;
  readonly at: Set<number>;
}

/** Where each value of each attribute stands. */
function placesOf(records: readonly HistoryRecord[]): Iterable<Places> {
  const places = new Map<string, Places>();
  for (const [at, { record }] of records.entries()) {
    for (const [attribute, value] of attributesOf(record)) {
      const id = `${attribute}\0${value}`;
      let place = places.get(id);
      if (place === undefined) {
        place = { attribute, value, at: new Set() };
        places.set(id, place);
      }
      place.at.add(at);
    }
  }
  return places.values();
}

const dayOf = (number: number): number => Math.floor(timeOfNumber(number) / DAY);

const sweepWhenOld = (tx: Transaction, category: Category, day: number): void =>
  setTimer(tx, {
    job: 'sweepHistory',
    id: `${category} ${day}`,
    due: (day + 1 + HISTORY_DAYS) * DAY,
    payload: { category, day },
  });

/** In pieces: a busy day holds millions of rows, and whoever commits meanwhile must not wait for them. */
export const sweepHistory: TimerJob = (tx, payload, { now }) => {
  // Written by sweepWhenOld.
  const { category, day } = payload as { category: Category; day: number };
  const isGone = dropChapters(tx, category, day) && dropPlaces(tx, category, day);
  if (!isGone) setTimer(tx, { job: 'sweepHistory', id: `${category} ${day}`, due: now + SWEEP_PAUSE, payload });
};

const SWEEP_PAUSE: Milliseconds = seconds(1);
const CHAPTERS_A_PIECE = 64;
const PLACES_A_PIECE = 2000;

/** Whether none is left. */
function dropChapters(tx: Transaction, category: Category, day: number): boolean {
  for (let chapters = 0; chapters < CHAPTERS_A_PIECE; chapters++) {
    const [first] = tx.range(segments, { prefix: [category, day], limit: 1 });
    if (first === undefined) return true;
    tx.deleteRange(segments, [category, day, segments.parts(first.key)[2]]);
  }
  return false;
}

function dropPlaces(tx: Transaction, category: Category, day: number): boolean {
  const rows = tx.range(attributes, { prefix: [category, day], limit: PLACES_A_PIECE });
  for (const { key } of rows) tx.delete(attributes, key);
  return rows.length < PLACES_A_PIECE;
}

export interface HistoryQuery {
  readonly category: Category;
  /** Both ends belong to it. */
  readonly from: Milliseconds;
  readonly to: Milliseconds;
  readonly attribute?: { readonly key: Attribute | 'EventId'; readonly value: string };
}

/** Where a page begins: the record at `at` of the chapter `number`, and older ones. */
export interface Position {
  readonly number: number;
  readonly at: number;
}

export interface Page {
  readonly events: readonly Event[];
  readonly next: Position | undefined;
}

/** Records of a chapter that may be what is asked for, the newest first. */
interface Candidates {
  readonly number: number;
  readonly places: readonly number[];
  readonly textAt: (place: number) => string | undefined;
}

export function lookUp(tx: ReadTransaction, query: HistoryQuery, limit: number, start: Position | undefined): Page {
  const events: Event[] = [];
  const id = query.attribute?.key === 'EventId' ? query.attribute.value : '';
  for (const { number, places, textAt } of candidates(tx, query, start)) {
    for (const place of places) {
      if (start !== undefined && number === start.number && place > start.at) continue;
      const text = textAt(place);
      if (!text?.includes(id)) continue;
      // Written by the audit or as an insight.
      const record = JSON.parse(text) as AnyRecord;
      if (!isWanted(record, query)) continue;
      if (events.length === limit) return { events, next: { number, at: place } };
      events.push(eventView(text, record));
    }
  }
  return { events, next: undefined };
}

function isWanted(record: AnyRecord, { from, to, attribute }: HistoryQuery): boolean {
  const time = Date.parse(record.eventTime);
  if (time < from || time > to) return false;
  return attribute?.key !== 'EventId' || record.eventID === attribute.value;
}

function* candidates(tx: ReadTransaction, query: HistoryQuery, start: Position | undefined): Generator<Candidates> {
  const { attribute } = query;
  const { from, to } = spanOf(query);
  if (from > to) return;
  const newest = start?.number ?? straddling(tx, query.category, to);
  for (let day = dayOf(newest); day >= Math.floor(from / DAY) && day >= 0; day--) {
    const span = { category: query.category, day, newest, from };
    if (attribute === undefined || attribute.key === 'EventId') yield* allOf(tx, span);
    else yield* indexed(tx, span, attribute.key, attribute.value.slice(0, 2000));
  }
}

/** An id tells its time, and its record is taken soon after. */
function spanOf({ from, to, attribute }: HistoryQuery): { from: Milliseconds; to: Milliseconds } {
  if (attribute?.key !== 'EventId') return { from, to };
  const time = timeOfId(attribute.value);
  if (time === undefined) return { from: 1, to: 0 };
  return { from: Math.max(from, time - TAKEN_WITHIN), to: Math.min(to, time + TAKEN_WITHIN) };
}

const TAKEN_WITHIN: Milliseconds = seconds(2);
/** The times in records are whole seconds. */
const SECOND: Milliseconds = seconds(1);

/** The chapter that holds records of `to` and, perhaps, later ones. */
function straddling(tx: ReadTransaction, category: Category, to: Milliseconds): number {
  const number = firstNumberAt(to + SECOND);
  const from = segments.key(category, dayOf(number), number, 0);
  const [after] = tx.range(segments, { prefix: [category], from, limit: 1 });
  return after === undefined ? number : segments.parts(after.key)[2];
}

/** Of one day, down from the chapter `newest`. */
interface Span {
  readonly category: Category;
  readonly day: number;
  readonly newest: number;
  readonly from: Milliseconds;
}

const SEGMENTS_AT_ONCE = 2;

function* allOf(tx: ReadTransaction, { category, day, newest, from }: Span): Generator<Candidates> {
  let before = segments.key(category, day, newest + 1, 0);
  for (;;) {
    const rows = tx.range(segments, { prefix: [category, day], before, reverse: true, limit: SEGMENTS_AT_ONCE });
    for (const { key, row } of rows) {
      const [, , number, part] = segments.parts(key);
      if (timeOfNumber(number) < from) return;
      const first = part * SEGMENT_RECORDS;
      yield { number, places: row.map((_, at) => first + at).toReversed(), textAt: (place) => row[place - first] };
      before = key;
    }
    if (rows.length < SEGMENTS_AT_ONCE) return;
  }
}

const PLACES_AT_ONCE = 16;

function* indexed(
  tx: ReadTransaction,
  { category, day, newest, from }: Span,
  attribute: string,
  value: string,
): Generator<Candidates> {
  const prefix = [category, day, attribute, value] as const;
  let before = attributes.key(...prefix, newest + 1);
  for (;;) {
    const rows = tx.range(attributes, { prefix: [...prefix], before, reverse: true, limit: PLACES_AT_ONCE });
    for (const { key, row } of rows) {
      const number = attributes.parts(key)[4];
      if (timeOfNumber(number) < from) return;
      yield { number, places: row.toReversed(), textAt: textsOf(tx, category, day, number) };
      before = key;
    }
    if (rows.length < PLACES_AT_ONCE) return;
  }
}

/** Reads a chapter's segments as they are asked for. */
function textsOf(tx: ReadTransaction, category: Category, day: number, number: number): Candidates['textAt'] {
  let read: { part: number; texts: readonly string[] } | undefined;
  return (place) => {
    const part = Math.floor(place / SEGMENT_RECORDS);
    if (read?.part !== part) read = { part, texts: tx.get(segments, segments.key(category, day, number, part)) ?? [] };
    return read.texts[place % SEGMENT_RECORDS];
  };
}
