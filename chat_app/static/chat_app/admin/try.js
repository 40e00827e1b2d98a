/** The 'Try it' page of a model: sends one message as a one-off turn and shows the answer as it comes. */

import { readEvents } from '../api/sse.js';

const form = document.getElementById('try');
const [send, stop] = form.querySelectorAll('button');
const answer = document.getElementById('try-answer');
const state = document.getElementById('try-state');
const facts = document.getElementById('try-facts');

let running = null; // {turn, abort, started, first}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  if (!running) ask(form.elements.message.value);
});

form.elements.message.addEventListener('keydown', (event) => {
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) form.requestSubmit();
});

stop.addEventListener('click', () => halt(running));

/** Send `message`, follow its turn to the end. Never throws: what goes wrong is shown. */
async function ask(message) {
  const run = { turn: '', abort: new AbortController(), started: performance.now(), first: 0 };
  begin(run);
  try {
    const response = await fetch(new URL(form.getAttribute('action'), location.href), {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Accept: 'text/event-stream' },
      body: JSON.stringify({ message }),
      signal: run.abort.signal,
    });
    run.turn = response.headers.get('X-Turn-Id') ?? '';
    if (!response.ok) throw await refusal(response);
    show('turn', run.turn);
    for await (const { event, data } of readEvents(response.body)) take(run, event, JSON.parse(data));
    if (state.textContent === WAITING || state.textContent === WRITING) fail('The connection ended before the answer did.');
  } catch (error) {
    if (run.abort.signal.aborted) state.textContent = 'Stopped.';
    else fail(error.message || String(error));
  }
  end(run);
}

const WAITING = 'Waiting for the first words…';
const WRITING = 'Writing…';

function begin(run) {
  running = run;
  answer.textContent = '';
  answer.setAttribute('aria-busy', 'true');
  for (const fact of facts.querySelectorAll('dd')) show(fact.dataset.fact, '');
  state.textContent = WAITING;
  send.disabled = true;
  stop.disabled = false;
}

function end(run) {
  show('duration', milliseconds(performance.now() - run.started));
  answer.setAttribute('aria-busy', 'false');
  send.disabled = false;
  stop.disabled = true;
  running = null;
}

/** One typed event of the turn. */
function take(run, kind, event) {
  switch (kind) {
    case 'turn':
      show('model', event.model);
      break;
    case 'delta':
      if (!run.first) {
        run.first = performance.now();
        show('first', milliseconds(run.first - run.started));
        state.textContent = WRITING;
      }
      answer.append(event.text);
      break;
    case 'snapshot':
      answer.textContent = event.text;
      break;
    case 'completed':
    case 'cancelled':
      if (event.model) show('model', event.model);
      usage(event.usage);
      state.textContent = kind === 'completed' ? 'Done.' : 'Stopped.';
      break;
    case 'failed':
      fail(`${event.detail} (${event.code}${event.retryable ? ', may work later' : ''})`);
      break;
    case 'interrupted':
      fail('The server that wrote the answer went away.');
      break;
  }
}

/** Ask for the turn's end; where even that fails, hanging up does it. */
async function halt(run) {
  if (!run) return;
  stop.disabled = true;
  state.textContent = 'Stopping…';
  try {
    if (!run.turn) throw new Error('not started');
    const address = `${form.dataset.turns}${encodeURIComponent(run.turn)}/cancel`;
    const response = await fetch(address, { method: 'POST', signal: AbortSignal.timeout(3000) });
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
  } catch {
    run.abort.abort();
  }
}

async function refusal(response) {
  const body = await response.json().catch(() => ({}));
  const words = Object.values(body.errors ?? {}).flat().join(' ');
  return new Error(`${words || body.detail || 'The server refused.'} (${body.code ?? `HTTP ${response.status}`})`);
}

function usage(value) {
  if (!value) return;
  const about = value.estimated ? ' (estimated)' : '';
  show('usage', `${value.input_tokens} in, ${value.output_tokens} out${about}`);
  if (Number(value.cost)) show('cost', `${value.cost} ${value.currency}`);
}

function fail(words) {
  state.textContent = 'Failed.';
  show('error', words);
}

/** Fill one of the facts below the answer; an empty one is hidden with its name. */
function show(name, text) {
  const value = facts.querySelector(`[data-fact=${name}]`);
  value.textContent = text ?? '';
  value.hidden = value.previousElementSibling.hidden = !text;
}

function milliseconds(value) {
  return value < 1000 ? `${Math.round(value)} ms` : `${(value / 1000).toFixed(1)} s`;
}
