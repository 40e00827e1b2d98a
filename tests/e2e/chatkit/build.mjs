// Bundles the stand-in of OpenAI's script and the React page: node build.mjs <output folder>. The connector is left outside,
// since the page loads it from the server.
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const packages = path.join(here, '..', 'examples');
const { build } = createRequire(path.join(packages, 'package.json'))('esbuild');
const outdir = path.resolve(process.argv[2]);
const shared = {
  bundle: true,
  jsx: 'automatic',
  nodePaths: [path.join(packages, 'node_modules')],
  define: { 'process.env.NODE_ENV': '"production"' },
  logLevel: 'warning',
  charset: 'utf8',
};

await build({ ...shared, entryPoints: [path.join(here, 'client', 'element.js')], format: 'iife', outfile: path.join(outdir, 'chatkit.js') });
await build({ ...shared, entryPoints: [path.join(here, 'app.jsx')], format: 'esm', outfile: path.join(outdir, 'app.js') });
