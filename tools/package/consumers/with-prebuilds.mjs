/**
 * Returns a consumer whose bundle or executable needs the published binaries next to it. `commands`
 * write the bundle to the folder `out`.
 */
export function withPrebuilds({ output = 'bundle', commands, ...consumer }) {
  return {
    group: 'bundler',
    advice: `copy \`node_modules/gateway-lock/prebuilds\` next to the ${output}`,
    commands: [...commands, ['cp', '-r', 'node_modules/gateway-lock/prebuilds', 'out']],
    keep: ['out'],
    ...consumer,
  };
}
