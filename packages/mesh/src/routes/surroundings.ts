import type { Surroundings } from './derive-names.ts';
import type { PathTemplate, TemplateSegment } from './template-grammar.ts';

export interface CallableRoute {
  readonly method: string;
  readonly templates: readonly PathTemplate[];
}

/** Looks once at all routes, and tells of each path what the others have to do with its names. */
export function surroundingsOf(routes: readonly CallableRoute[]): (template: PathTemplate) => Surroundings {
  const withItems = new Set<string>();
  const withPut = new Set<string>();
  for (const { method, templates } of routes) {
    for (const { segments } of templates) {
      const last = segments.at(-1);
      if (last?.length === 1 && last[0]?.kind === 'parameter') withItems.add(shapeOf(segments.slice(0, -1)));
      if (method === 'PUT' || method === 'ALL') withPut.add(shapeOf(segments));
    }
  }
  return ({ segments }) => {
    const shape = shapeOf(segments);
    return { hasItems: withItems.has(shape), hasPut: withPut.has(shape) };
  };
}

/** A path whatever its parameters are called: `/users/:id` and `/users/:userId` are the same. */
function shapeOf(segments: readonly TemplateSegment[]): string {
  const filled = segments.filter((segment) => segment.length > 0);
  return filled
    .map((segment) => `/${segment.map((part) => (part.kind === 'text' ? part.text : `{${part.kind}}`)).join('')}`)
    .join('');
}
