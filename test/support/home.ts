// A home directory of the test's own, by every name that a system reads it from.
import { onTestFinished, vi } from 'vitest';

export function stubHome(directory: string): void {
  for (const name of ['HOME', 'USERPROFILE']) vi.stubEnv(name, directory);
  onTestFinished(() => void vi.unstubAllEnvs());
}
