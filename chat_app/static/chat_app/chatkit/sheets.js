/** Where the style sheets lie, from beside this file, and which of them every chat wears, in their order. */

export const FOLDER = './styles/';
export const ALWAYS = [
  'tokens',
  'base',
  'controls',
  'frame',
  'history',
  'start',
  'notes',
  'thread',
  'overlay',
  'prose',
  'code',
  'composer',
  'composer-files',
  'tags',
];
export const FILES = ALWAYS; // what these lie in: `make chatkit` makes one file of them
