// Makes the relative links of README.md absolute, because npm shows the page without the files that
// the links name.

/**
 * Returns the Markdown text with absolute links and images. `repository` is the URL of the
 * repository, `revision` a tag or commit of it.
 */
export function withAbsoluteLinks(markdown, repository, revision) {
  const absolute = (kind, path) => `${repository}/${kind}/${revision}/${path.replace(/^\.\//, '')}`;
  return markdown
    .replace(/(!?)\[([^\]]*)\]\(([^)\s]+)\)/g, (link, image, text, target) =>
      isRelative(target) ? `${image}[${text}](${absolute(image ? 'raw' : 'blob', target)})` : link,
    )
    .replace(/(<img [^>]*src=")([^"]+)"/g, (tag, before, target) =>
      isRelative(target) ? `${before}${absolute('raw', target)}"` : tag,
    );
}

/** Returns the web address of the repository in package.json, or null if there is none. */
export function repositoryUrl({ repository }) {
  const url = typeof repository === 'string' ? repository : repository?.url;
  return url === undefined ? null : url.replace(/^git\+/, '').replace(/\.git$/, '');
}

function isRelative(target) {
  return !/^([a-z]+:|#|\/)/i.test(target);
}
