import { type Log, printable } from '@express-micro/core';
import { type MemberRecord, parseRecord } from './record.ts';

/**
 * Reads what an engine lists. Whoever reaches the engine can write there: what is no record is left out, and that is said
 * once, because one that says it each time is a log that somebody else can fill.
 */
export function createRecordReader(name: string, log: Log, max: number): (values: readonly string[]) => MemberRecord[] {
  let hasComplained = false;
  return (values) => {
    const records: MemberRecord[] = [];
    let example: string | undefined;
    let bad = 0;
    for (const value of values.slice(0, max)) {
      const record = parseRecord(value);
      if (record !== undefined) records.push(record);
      else {
        bad += 1;
        example ??= printable(String(value), 60);
      }
    }
    if (bad > 0 && !hasComplained) {
      hasComplained = true;
      log.warn(
        `${name} holds what is no record of a member (${bad} of ${values.length}), such as ${example}: it is left out. Who writes there?`,
      );
    }
    return records;
  };
}
