// Serves examples 1 to 3 as their own Next.js application would: a page, and their exported POST(Request) under its path.
// stdin, one JSON line each: {"folder", "sites": [{"name", "page", "routes": {path: bundle}}]}, then {"backend", "key"}.
// stdout, one JSON line: {name: port}. The three hosts of MODELS are mapped to the backend; each call to it is recorded.
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';
import readline from 'node:readline';
import { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';

const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const nextLine = async () => JSON.parse((await lines.next()).value);
const calls = [];
let backend = '';

const plainFetch = globalThis.fetch;
globalThis.fetch = async (address, init) => {
  const url = new URL(address);
  if (url.hostname.endsWith('.example.com')) url.href = backend + url.pathname + url.search;
  const call = { path: url.pathname, body: JSON.parse(init?.body ?? 'null') };
  calls.push(call);
  const response = await plainFetch(url, init);
  call.status = response.status;
  call.turn = response.headers.get('x-turn-id');
  return response;
};

function toRequest(incoming) {
  const body = incoming.method === 'POST' ? Readable.toWeb(incoming) : undefined;
  const url = `http://${incoming.headers.host}${incoming.url}`;
  return new Request(url, { method: incoming.method, headers: incoming.headers, body, duplex: 'half' });
}

async function send(answer, outgoing) {
  outgoing.writeHead(answer.status, Object.fromEntries(answer.headers));
  if (answer.body) for await (const chunk of answer.body) outgoing.write(chunk);
  outgoing.end();
}

const html = (name) => `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Example ${name}</title>
  <link rel="icon" href="data:,"><meta name="chat-backend" content="${backend}"></head>
  <body><div id="root"></div><script src="/page.js"></script></body></html>`;

async function answer(site, handlers, incoming) {
  const handler = incoming.method === 'POST' && handlers[incoming.url];
  if (handler) return handler(toRequest(incoming));
  if (incoming.url === '/?stranger') return new Response(html(site.name), { headers: { 'Content-Type': 'text/html' } });
  if (incoming.url === '/') {
    return new Response(html(site.name), { headers: { 'Content-Type': 'text/html', 'Set-Cookie': 'user=alice; Path=/' } });
  }
  if (incoming.url === '/page.js') {
    return new Response(await readFile(site.page), { headers: { 'Content-Type': 'text/javascript; charset=utf-8' } });
  }
  if (incoming.url === '/harness/calls') return Response.json(calls);
  return new Response('not here', { status: 404 });
}

async function start(folder, site) {
  site.page = path.join(folder, site.page);
  const handlers = {};
  for (const [route, bundle] of Object.entries(site.routes)) {
    handlers[route] = (await import(pathToFileURL(path.join(folder, bundle)))).POST;
  }
  const server = http.createServer((incoming, outgoing) => {
    answer(site, handlers, incoming)
      .then((response) => send(response, outgoing))
      .catch((error) => {
        console.error(error);
        outgoing.destroy();
      });
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  return [site.name, server.address().port];
}

const { folder, sites } = await nextLine();
const ports = Object.fromEntries(await Promise.all(sites.map((site) => start(folder, site))));
console.log(JSON.stringify(ports));
const told = await nextLine();
backend = told.backend;
process.env.CUSTOM_BACKEND_URL = told.backend;
process.env.CUSTOM_BACKEND_KEY = told.key;
console.log(JSON.stringify({ ready: true }));
