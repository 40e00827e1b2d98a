/** The page's pictures, drawn on a grid of 24 with one stroke. */

const NS = 'http://www.w3.org/2000/svg';
const PATHS = {
  menu: 'M4 7h16M4 12h16M4 17h10',
  close: 'M6 6l12 12M18 6L6 18',
  pencil: 'M4 20h4L19 9l-4-4L4 16v4zM13.5 6.5l4 4',
  plus: 'M12 5v14M5 12h14',
  search: 'M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM20 20l-4-4',
  send: 'M12 19V5M5.5 11.5L12 5l6.5 6.5',
  stop: 'M7.5 7.5h9v9h-9z',
  copy: 'M9 9h10v11H9zM5 15V4h10',
  check: 'M5 12.5l4.5 4.5L19 7.5',
  up: 'M7 11v9H4v-9h3zm0 0l4-7c1.5 0 2.5 1 2.5 2.5V10H18c1.4 0 2.3 1.2 2 2.5l-1.4 6C18.3 19.4 17.6 20 16.7 20H7',
  down: 'M17 13V4h3v9h-3zm0 0l-4 7c-1.5 0-2.5-1-2.5-2.5V14H6c-1.4 0-2.3-1.2-2-2.5l1.4-6C5.7 4.6 6.4 4 7.3 4H17',
  retry: 'M19.5 12a7.5 7.5 0 1 1-2.2-5.3M19.5 3.5v4.2h-4.2',
  chevron: 'M7 10l5 5 5-5',
  latest: 'M12 5v14M6 13l6 6 6-6',
  more: 'M5.5 12h.01M12 12h.01M18.5 12h.01',
  trash: 'M5 7h14M10 7V4.5h4V7M7 7l.8 12.5h8.4L17 7M10.5 10.5v6M13.5 10.5v6',
  export: 'M12 4v11M7.5 10.5L12 15l4.5-4.5M5 19.5h14',
  sun: 'M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM12 3v2M12 19v2M3 12h2M19 12h2M5.6 5.6L7 7M17 17l1.4 1.4M18.4 5.6L17 7M7 17l-1.4 1.4',
  moon: 'M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10z',
  auto: 'M12 20a8 8 0 1 0 0-16 8 8 0 0 0 0 16zM12 4v16M12 8h5.5M12 12h7.5M12 16h5.5',
  alert: 'M12 8v5M12 16.5h.01M12 3.5L21 19.5H3z',
  spark: 'M12 3.5l2 6.5 6.5 2-6.5 2-2 6.5-2-6.5L3.5 12l6.5-2z',
  door: 'M10 4H5v16h5M14 8l4 4-4 4M18 12H9',
};

/** @param {keyof typeof PATHS} name */
export function icon(name) {
  const svg = document.createElementNS(NS, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('class', `icon icon-${name}`);
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(NS, 'path');
  path.setAttribute('d', PATHS[name]);
  svg.append(path);
  return svg;
}
