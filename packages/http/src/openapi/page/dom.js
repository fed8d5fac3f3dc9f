/**
 * An element with its attributes and children. Texts become text, never HTML, and a listener is a function: what a document says can
 * neither run nor change the page.
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    if (typeof value === 'function') element.addEventListener(name.replace(/^on/, ''), value);
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  element.append(...contents(children));
  return element;
}

/** Lists within lists are one; what is not there is left out. */
function contents(children) {
  return [children].flat(Number.POSITIVE_INFINITY).filter((child) => child !== undefined && child !== false && child !== '');
}

/** Paragraphs of a description, with `code` where it is marked so. */
export function prose(text) {
  if (typeof text !== 'string' || text === '') return [];
  return text.split(/\n{2,}/).map((paragraph) =>
    h(
      'p',
      { class: 'prose' },
      paragraph.split('`').map((piece, at) => (at % 2 === 1 ? h('code', {}, piece) : piece)),
    ),
  );
}

/** A part that is made when it is opened: schemas refer to each other without end. */
export function unfold(summary, make, isOpen = false) {
  const details = h('details', {}, h('summary', {}, summary));
  const fill = () => {
    if (details.childElementCount === 1) details.append(...contents(make()));
  };
  details.addEventListener('toggle', fill);
  if (isOpen) {
    fill();
    details.open = true;
  }
  return details;
}

/** Of a link: `javascript:` and the like lead nowhere. */
export function webAddress(text) {
  return typeof text === 'string' && /^(?:https?:|mailto:)/i.test(text) ? text : undefined;
}
