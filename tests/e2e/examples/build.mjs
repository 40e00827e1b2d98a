// Bundles each example's module twice: its front end for the browser, its route handler (where it has one) for Node.
// Usage: node build.mjs <folder of example-N.tsx> <output folder>. Only what the examples leave out is added, by inject.
// A front end comes twice: example-N.js with the stand-in for OpenAI's element, dropin-N.js for a page that has chatkit.js.
import { mkdir, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = path.dirname(fileURLToPath(import.meta.url));
const harness = (name) => path.join(here, 'harness', name);
const [source, output] = process.argv.slice(2).map((folder) => path.resolve(folder));

const shared = {
  bundle: true,
  jsx: 'automatic',
  nodePaths: [path.join(here, 'node_modules')],
  define: { 'process.env.NODE_ENV': '"production"' },
  logLevel: 'warning',
  charset: 'utf8',
};

function frontEnd(file, component, { kind = 'example', prelude = 'browser-prelude.jsx', mounting = 'mount.jsx' } = {}) {
  const entry = `import { ${component} } from './${file}';
    import { mount } from ${JSON.stringify(harness(mounting))};
    mount(${component});`;
  return build({
    ...shared,
    stdin: { contents: entry, resolveDir: source, loader: 'tsx', sourcefile: `entry-${file}` },
    inject: [harness(prelude)],
    platform: 'browser',
    format: 'iife',
    outfile: path.join(output, file.replace('.tsx', '.js').replace('example', kind)),
  });
}

function routeHandler(file) {
  return build({
    ...shared,
    stdin: { contents: `export { POST } from './${file}';`, resolveDir: source, loader: 'tsx', sourcefile: `route-${file}` },
    inject: [harness('server-prelude.js')],
    platform: 'node',
    format: 'esm',
    target: 'node18',
    outfile: path.join(output, file.replace('.tsx', '.server.mjs')),
  });
}

await mkdir(output, { recursive: true });
const builds = [];
for (const file of await readdir(source)) {
  const code = await readFile(path.join(source, file), 'utf8');
  const component = /export function (\w+)\(/.exec(code);
  if (!component) throw new Error(`${file} exports no component`);
  builds.push(frontEnd(file, component[1]));
  // Example 2 counts on onMessageSent, which the published component lacks and the server's own has.
  const prelude = file === 'example-2.tsx' ? 'dropin-prelude-sent.jsx' : 'dropin-prelude.jsx';
  builds.push(frontEnd(file, component[1], { kind: 'dropin', prelude, mounting: 'mount-dropin.jsx' }));
  if (code.includes('export async function POST')) builds.push(routeHandler(file));
}
await Promise.all(builds);
