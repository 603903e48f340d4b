// The program under test, which BROKER_BINARY names.
import { spawn } from 'node:child_process';
import { once } from 'node:events';

// PLAYHEAD_… are flags to the program, and some that are the tests' own.
export const environment = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !name.startsWith('PLAYHEAD_')),
);

// Runs a command to its end; resolves to its stdout, rejects if it failed. `env` is added to its environment.
export async function runProgram(args, { input = '', env = {} } = {}) {
  const child = spawn(process.env.BROKER_BINARY, args, { env: { ...environment, ...env } });
  child.stdin.on('error', () => {}); // It may have ended before it read everything.
  child.stdin.end(input);
  const text = async (stream) => (await stream.setEncoding('utf8').toArray()).join('');
  const [out, error, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  if (code !== 0) throw new Error(`playhead ${args.join(' ')}: exit code ${code}: ${error}`);
  return out;
}
