import { certificateFiles, recipe } from '../recipe.mjs';

export default recipe('http2', {
  title: 'https and http2',
  files: certificateFiles(),
  client: 'http2',
  end: 'http2 GOAWAY 0',
});
