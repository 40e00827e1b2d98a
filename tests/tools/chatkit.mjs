/**
 * Builds the drop-in for visitors, from `chatkit/` of the static files into `chatkit/built/`: few files, minified, names that stay.
 * Usage: `make chatkit`, or node chatkit.mjs [output folder]. The same sources and the same esbuild give the same bytes anywhere.
 *
 * `element.js` holds all that it imports. What is imported when needed has a file of its own name, and what several of those
 * share lies in `shared.js`. The files know each other by names that are read from the sources, not made up by a minifier: a tab
 * that was opened before an update still fits what it fetches after it.
 */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const packages = path.join(here, '..', 'e2e', 'examples', 'package.json');
const { build, transform } = createRequire(packages)('esbuild');

const ROOT = path.join(here, '..', '..', 'chat_app', 'static', 'chat_app');
const BUILT = 'chatkit/built'; // where the files are served, whichever folder they are written to
const START = 'chatkit/element.js';
const SHEETS = 'chatkit/sheets.js';
const WORN = 'chat'; // the sheet that every chat wears
const MADE = '/*! Made by `make chatkit`: the sources are beside this folder. */\n';

const posix = path.posix;
const nameOf = (file) => path.relative(ROOT, file).split(path.sep).join('/');
const sourceOf = (name) => path.join(ROOT, ...name.split('/'));
const isVendored = (name) => name.startsWith('vendor/');

/** An address of one file as another one writes it. */
function from(file, other) {
  const way = posix.relative(posix.dirname(file), other);
  return way.startsWith('.') ? way : `./${way}`;
}

/** Which module imports which, at once and when needed. -> Map of name to {now: [names], later: [names]} */
async function graph() {
  const { metafile } = await build({
    entryPoints: [sourceOf(START)],
    absWorkingDir: ROOT,
    bundle: true,
    splitting: true,
    format: 'esm',
    outdir: 'unwritten',
    write: false,
    metafile: true,
  });
  const named = (imports, kind) => imports.filter((one) => one.kind === kind).map((one) => one.path);
  return new Map(
    Object.entries(metafile.inputs).map(([name, { imports }]) => [
      name,
      { now: named(imports, 'import-statement'), later: named(imports, 'dynamic-import') },
    ]),
  );
}

/** In which built file each module is. What is vendored and fetched when needed stays where it is. */
function homesOf(modules) {
  const reached = (start, stops) => {
    const found = new Set();
    for (const waiting = [start]; waiting.length; ) {
      const name = waiting.pop();
      if (found.has(name) || (name !== start && stops.has(name))) continue;
      found.add(name);
      waiting.push(...modules.get(name).now);
    }
    return found;
  };
  const core = reached(START, new Set());
  const later = new Set([...modules.values()].flatMap((one) => one.later).filter((name) => !core.has(name)));
  const homes = new Map([...core].map((name) => [name, fileOf(START)]));
  for (const start of later) {
    for (const name of reached(start, new Set([...core, ...later]))) {
      homes.set(name, homes.has(name) ? posix.join(BUILT, 'shared.js') : isVendored(name) ? name : fileOf(name === start ? name : start));
    }
  }
  return { homes, starts: new Set([START, ...later]) };
}

function fileOf(start) {
  return posix.join(BUILT, start.replace(/^chatkit\//, ''));
}

/** What each of these modules exports. -> Map of name to [names] */
async function exportsOf(names) {
  const { metafile } = await build({
    entryPoints: names.map(sourceOf),
    absWorkingDir: ROOT,
    format: 'esm',
    outdir: 'unwritten',
    outbase: ROOT,
    write: false,
    metafile: true,
  });
  return new Map(Object.values(metafile.outputs).map((one) => [one.entryPoint, one.exports]));
}

/** Under which name a file exports what one of its modules does: the same where the file has the module's name, else with its path. */
const given = (starts, name, one) => (starts.has(name) ? one : `${name.replace(/\.js$/, '').replace(/\W/g, '_')}_${one}`);

/** Sends a built file's imports to where the modules are, and lets each module go on to know where its source lies. */
function rooms(file, { homes, starts, exported, sheets }) {
  const elsewhere = (name) => ({ path: from(file, homes.get(name)), external: true });
  return {
    name: 'rooms',
    setup(building) {
      building.onResolve({ filter: /^\./ }, ({ path: asked, resolveDir, kind, namespace }) => {
        if (namespace === 'doors') return { path: asked, external: true };
        const name = nameOf(path.resolve(resolveDir, asked));
        if (kind === 'dynamic-import') return elsewhere(name);
        if (homes.get(name) === file) return undefined;
        return starts.has(name) ? elsewhere(name) : { path: name, namespace: 'doors' };
      });
      building.onLoad({ filter: /./, namespace: 'doors' }, ({ path: name }) => {
        const names = exported.get(name).map((one) => `${given(starts, name, one)} as ${one}`);
        return { contents: `export { ${names.join(', ')} } from '${from(file, homes.get(name))}';` };
      });
      building.onLoad({ filter: /\.js$/, namespace: 'file' }, async ({ path: source }) => {
        const name = nameOf(source);
        // The sheets' folder and files are those of what is built; a vendored file's head is kept as its licence asks.
        const text = name === SHEETS ? sheets : await readFile(source, 'utf8');
        return { contents: isVendored(name) ? text.replace(/^\/\*+!?/, '/*!') : placed(text, file, name) };
      });
    },
  };
}

const placed = (text, file, name) => text.replaceAll('import.meta.url', `new URL('${from(file, name)}', import.meta.url).href`);

async function script(file, plan) {
  const { homes, starts, exported } = plan;
  const mine = [...homes].filter(([name, home]) => home === file && exported.has(name)).map(([name]) => name);
  const lines = mine.sort().map((name) => {
    const names = exported.get(name).map((one) => `${one} as ${given(starts, name, one)}`);
    return `export { ${names.join(', ')} } from './${name}';`;
  });
  const { outputFiles } = await build({
    stdin: { contents: lines.join('\n'), resolveDir: ROOT, sourcefile: file },
    absWorkingDir: ROOT,
    plugins: [rooms(file, plan)],
    bundle: true,
    format: 'esm',
    target: 'es2022',
    minify: true,
    charset: 'utf8',
    legalComments: 'inline',
    logLevel: 'warning',
    write: false,
  });
  return MADE + outputFiles[0].text;
}

/** The sheets that every chat wears as one, in their order, and each of the others. -> [[file, text]] */
async function styles(worn) {
  const folder = sourceOf('chatkit/styles');
  const text = (name) => readFile(path.join(folder, `${name}.css`), 'utf8');
  const small = async (css) => MADE + (await transform(css, { loader: 'css', minify: true, charset: 'utf8', logLevel: 'warning' })).code;
  const names = (await readdir(folder)).map((file) => path.basename(file, '.css')).sort();
  if (names.includes(WORN)) throw new Error(`styles/${WORN}.css stands where the built sheet is to be`);
  const single = names.filter((name) => !worn.includes(name)).map(async (name) => [name, await small(await text(name))]);
  const all = [[WORN, await small((await Promise.all(worn.map(text))).join('\n'))], ...(await Promise.all(single))];
  return all.map(([name, css]) => [`${BUILT}/styles/${name}.css`, css]);
}

async function planned(sheets) {
  const modules = await graph();
  const { homes, starts } = homesOf(modules);
  const open = new Set([...starts].filter((name) => homes.get(name) !== name)); // modules that other files look into
  for (const [name, { now }] of modules) for (const one of now) if (homes.get(one) !== homes.get(name)) open.add(one);
  return { homes, starts, exported: await exportsOf([...open].sort()), sheets };
}

async function built() {
  const sheets = await readFile(sourceOf(SHEETS), 'utf8');
  const { ALWAYS } = await import(`data:text/javascript,${encodeURIComponent(sheets)}`);
  const made = { FOLDER: './built/styles/', ALWAYS, FILES: [WORN] };
  const plan = await planned(Object.entries(made).map(([name, value]) => `export const ${name} = ${JSON.stringify(value)};`).join('\n'));
  const files = [...new Set(plan.homes.values())].filter((file) => file.startsWith(`${BUILT}/`)).sort();
  return [...(await Promise.all(files.map(async (file) => [file, await script(file, plan)]))), ...(await styles(ALWAYS))];
}

const output = path.resolve(process.argv[2] ?? sourceOf(BUILT));
const files = await built();
await rm(output, { recursive: true, force: true });
for (const [file, text] of files) {
  const target = path.join(output, posix.relative(BUILT, file));
  await mkdir(path.dirname(target), { recursive: true });
  await writeFile(target, text);
}
