// Puts one example on the page, with the stand-in for OpenAI's element defined as its script would.
import { createRoot } from 'react-dom/client';
import { defineStandIn } from './element.js';

export function mount(Example) {
  defineStandIn();
  createRoot(document.getElementById('root')).render(<Example />);
}
