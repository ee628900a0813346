// Sets the home directory for the test, in each variable that an operating system reads.
import { onTestFinished, vi } from 'vitest';

export function stubHome(directory: string): void {
  for (const name of ['HOME', 'USERPROFILE']) vi.stubEnv(name, directory);
  onTestFinished(() => void vi.unstubAllEnvs());
}
