// Sets the home directory for the test, in the variables of all operating systems.
import { onTestFinished, vi } from 'vitest';

export function stubHome(directory: string): void {
  for (const name of ['HOME', 'USERPROFILE']) vi.stubEnv(name, directory);
  onTestFinished(() => void vi.unstubAllEnvs());
}
