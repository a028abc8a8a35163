/** A reporter for `node --test`: a line for each file, failures in full, and the closing lines of Node's own `spec`. */
import { relative } from 'node:path';
import { inspect } from 'node:util';

// biome-ignore lint/style/noDefaultExport: Node takes a reporter from the default export.
export default async function* reporter(events) {
  const failures = [];
  for await (const { type, data } of events) {
    switch (type) {
      case 'test:fail':
        // What is marked as to do is expected to fail. Of a suite that failed for what is in it, its tests have told already.
        if (data.todo !== undefined || data.details.error?.failureType === 'subtestsFailed') break;
        failures.push(failureText(data));
        yield `${failures.at(-1)}\n`;
        break;
      case 'test:stdout':
      case 'test:stderr':
        yield data.message;
        break;
      case 'test:summary':
        if (data.file !== undefined) yield fileLine(data);
        break;
      case 'test:diagnostic':
        if (data.nesting === 0) yield closingLine(data, failures);
        break;
    }
  }
}

function fileLine({ file, success, counts, duration_ms: milliseconds }) {
  const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : '';
  const mark = success ? '✔' : '✖';
  return `${mark} ${relative('.', file)} (${counts.passed} passed${skipped}, ${(milliseconds / 1000).toFixed(1)} s)\n`;
}

function failureText({ name, file, line, details }) {
  const error = details.error?.cause ?? details.error;
  const text = inspect(error).replace(/^/gm, '    ');
  return `✖ ${name} (${relative('.', file ?? '')}:${line})\n${text}`;
}

/** `tests 51`, `pass 51`, …; before the first of them all failures once more. */
function closingLine({ message }, failures) {
  const again = failures.length > 0 ? `\nFailing tests:\n\n${failures.splice(0).join('\n\n')}\n\n` : '';
  return `${again}ℹ ${message}\n`;
}
