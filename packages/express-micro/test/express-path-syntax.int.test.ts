import { describe, expect, it } from 'vitest';
import { createRouteReader } from '../src/express-routes.ts';
import { copies } from './express-copies.test-support.ts';
import { lines } from './route-lines.test-support.ts';

function show() {}

describe.each(copies.filter(({ major }) => major === 5))('paths in the syntax of $title', ({ express }) => {
  it.each([
    ['/users{/:id}', '/users/:id,/users'],
    ['/a{/:b{/:c}}', '/a/:b/:c,/a/:b,/a'],
    ['/a{/:b}{.:c}', '/a/:b.:c,/a/:b,/a.:c,/a'],
    ['/*splat', '/*splat'],
    ['/files/*path/raw', '/files/*path/raw'],
    ['/x/:"foo-bar"', '/x/:"foo-bar"'],
    ['/x/:"id"s', '/x/:"id"s'],
    ['/a\\(b\\)', '/a(b)'],
    ['/{:a}', '/:a,/'],
    ['{/:a}', '/:a,/'],
  ])('%s is read, as a route and as a mount', (path, expected) => {
    const app = express();
    const router = express.Router();
    router.get('/end', show);
    app.get(path, show);
    app.use(path, router);
    const mounted = expected.split(',').map((one) => `${one === '/' ? '' : one}/end`);
    expect(lines(app)).toEqual([`GET ${expected} show`, `GET ${mounted.join(',')} show`]);
  });

  it.each([
    ['/pens/:id\\:publish', /meant literally/],
    ['pens', /start with a slash/],
    [Array.from({ length: 7 }, (_, index) => `{/:p${index}}`).join(''), /more than 64 ways/],
  ])('%s is listed with a reason', (path, reason) => {
    const app = express();
    const router = express.Router();
    router.get('/end', show);
    app.get(path, show);
    app.use(path, router);
    const routes = createRouteReader(app).read();
    expect(routes).toHaveLength(2);
    for (const route of routes) expect(route.uncallable).toMatch(reason);
  });
});

describe.each(copies.filter(({ major }) => major === 4))('paths in the syntax of $title', ({ express }) => {
  it.each([
    ['/users/:id?', '/users/:id,/users'],
    ['/users/:id(\\d+)', '/users/:id'],
    ['/:id(\\d+)', '/:id'],
    ['/files/*', '/files/*splat'],
    ['*', '/*splat'],
    ['/*/x/*', '/*splat/x/*splat1'],
    ['/ab*cd', '/ab*"splat"cd'],
    ['/files/:path(*)', '/files/*path'],
    ['/files/:path(.*)', '/files/*path'],
    ['/r/:a.:format?', '/r/:a.:format,/r/:a'],
    ['/a\\.b', '/a.b'],
  ])('%s is read, as a route and as a mount', (path, expected) => {
    const app = express();
    const router = express.Router();
    router.get('/end', show);
    app.get(path, show);
    app.use(path, router);
    expect(lines(app)).toEqual([
      `GET ${expected} show`,
      `GET ${expected
        .split(',')
        .map((one) => `${one}/end`)
        .join(',')} show`,
    ]);
  });

  it.each(['/ab?cd', '/ab+cd', '/(ab)?cd', '/a(b|c)', '/x[yz]', '/(\\d+)', '/a|/b'])('%s is a regular expression', (path) => {
    const app = express();
    const router = express.Router();
    router.get('/end', show);
    app.get(path, show);
    app.use(path, router);
    const [route, mounted] = createRouteReader(app).read();
    expect(route?.uncallable).toBe('regular expression');
    // Read back from what it means, `/ab?cd` and `/a|/b` are two paths each, and that is no guess.
    expect(mounted?.uncallable ?? (mounted?.paths.length ?? 0) > 1).toBeTruthy();
  });
});
