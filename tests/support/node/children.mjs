// Processes and folders that do not outlive the test, however it ends.
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';

const leftovers = new Set();

process.on('exit', () => {
  for (const remove of leftovers) remove();
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(1));

// spawn, of a process that is killed when this one ends.
export function runChild(...args) {
  const child = spawn(...args);
  const kill = () => child.kill('SIGKILL');
  leftovers.add(kill);
  child.once('exit', () => leftovers.delete(kill));
  return child;
}

// Removes `folder` when the test ends, or when the function that it returns is called.
export function removeAtExit(folder) {
  const remove = () => {
    leftovers.delete(remove);
    for (let tries = 1; ; tries++) {
      try {
        return rmSync(folder, { recursive: true, force: true });
      } catch (error) {
        // Chromium's helpers may still write to it. They end with it, and soon.
        if (error.code !== 'ENOTEMPTY' || tries === 100) throw error;
      }
    }
  };
  leftovers.add(remove);
  return remove;
}
