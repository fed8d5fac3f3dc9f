/// <reference path="./page/raw-text.d.ts" />
import { posix } from 'node:path';
import type { OpenApiServer } from './document.ts';
import dom from './page/dom.js?raw';
import operations from './page/operations.js?raw';
import page from './page/page.css?raw';
import main from './page/page.js?raw';
import schemas from './page/schemas.js?raw';
import trial from './page/trial.js?raw';
import { type StaticFile, staticFile } from './static-answer.ts';

const SCRIPTS: Readonly<Record<string, string>> = {
  'page.js': main,
  'operations.js': operations,
  'schemas.js': schemas,
  'trial.js': trial,
  'dom.js': dom,
};

/** The page and what it loads, by path. */
export function pageFiles(
  pagePath: string,
  documentPath: string,
  servers: readonly OpenApiServer[],
): readonly (readonly [path: string, file: StaticFile])[] {
  const folder = posix.basename(pagePath);
  const toDocument = posix.relative(posix.dirname(pagePath), documentPath);
  const policy = policyFor(servers);
  return [
    [pagePath, staticFile('text/html; charset=utf-8', htmlOf(folder, toDocument), { 'content-security-policy': policy })],
    [`${pagePath}/page.css`, staticFile('text/css; charset=utf-8', page)],
    ...Object.entries(SCRIPTS).map(
      ([name, text]) => [`${pagePath}/${name}`, staticFile('text/javascript; charset=utf-8', text)] as const,
    ),
  ];
}

/** Addresses are relative: nobody here knows what a proxy has taken off the path. Both hold nothing that HTML would read as its own. */
function htmlOf(folder: string, toDocument: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${folder}/page.css">
<script type="module" src="${folder}/page.js"></script>
</head>
<body data-document="${toDocument}">
<noscript>This page needs JavaScript. The document itself is <a href="${toDocument}">${toDocument}</a>.</noscript>
</body>
</html>
`;
}

/** Nothing but the page's own files, and calls to the servers of the API. */
function policyFor(servers: readonly OpenApiServer[]): string {
  const origins = servers.flatMap(({ url }) => {
    const origin = URL.canParse(url) ? new URL(url).origin : 'null';
    return origin === 'null' || /[{},;\s]/.test(origin) ? [] : [origin];
  });
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    'img-src data:',
    `connect-src ${["'self'", ...new Set(origins)].join(' ')}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}
