// Runs the commands of the Dockerfile in the project's folder, because there is no Docker daemon.
import { blockOf, recipe } from '../recipe.mjs';

const dockerfile = blockOf('docs/recipes/docker.md', 'dockerfile');
const [, run] = /^RUN (.+)$/m.exec(dockerfile);
const [, cmd] = /^CMD (.+)$/m.exec(dockerfile);

export default recipe('node-http', {
  title: 'Docker, the commands of the Dockerfile',
  advice: '[recipe](recipes/docker.md)',
  commands: [run.split(' ')],
  command: JSON.parse(cmd),
});
