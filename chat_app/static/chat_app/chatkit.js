/**
 * Stands where OpenAI's script would be loaded, as a classic script or a module, and defines <openai-chatkit>. The parts lie
 * beside it in `chatkit/`, built for visitors, or with `data-parts="source"` as they are written; they come from wherever this
 * file came from, and so does the backend of `getClientSecret`.
 */
(() => {
  const NAME = /\/chatkit(?:\.[0-9a-f]{8,})?\.js(?:[?#]|$)/;
  const script = document.currentScript ?? [...document.scripts].findLast(({ src }) => NAME.test(src));
  const from = script?.src || document.baseURI;
  const parts = script?.dataset.parts === 'source' ? './chatkit/' : './chatkit/built/';
  import(new URL(`${parts}element.js`, from).href).then(
    ({ define }) => define({ backend: script?.dataset.backend, tag: script?.dataset.tag }),
    (error) => console.error('chatkit.js: its parts could not be loaded.', error),
  );
})();
