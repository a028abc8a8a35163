/** Why machines can't run here, in a sentence for whoever asks for one; what the log has in more words. */
import { installCommand, missingPrograms, NEEDED_PROGRAMS } from '#platform/compute/needed-programs.ts';

export function whyNoHost(): string {
  // Looked for each time: the one who is told may install them.
  const missing = process.platform === 'linux' ? missingPrograms(NEEDED_PROGRAMS) : [];
  const programs = missing.map(({ program }) => program).join(', ');
  const lack = missing.length === 0 ? '' : ` (${programs} missing: ${installCommand(missing)}, then start it again)`;
  return `This machine runs no virtual machines${lack}: \`makonis doctor\` says what it lacks.`;
}
