// Recognises the caches of programs that run a package without installing it.

/**
 * The folders of npx (`_npx/<hash>`), pnpm dlx (`pnpm/dlx/<hash>` or `dlx-<pid>`), bunx (`.bunx-<uid>` or
 * `bunx-<uid>-<package>`) and yarn dlx (`xfs-<hash>/dlx-<pid>`).
 */
const RUNNER_CACHE = /[\\/](_npx[\\/][0-9a-f]+|pnpm[\\/]dlx[\\/][^\\/]+|dlx-[^\\/]+|\.?bunx-[^\\/]+)[\\/]/;

export function isInRunnerCache(path: string): boolean {
  return RUNNER_CACHE.test(path);
}
