// Puts one example on a page that has loaded the server's chatkit.js where OpenAI's script would be.
import { createRoot } from 'react-dom/client';

export function mount(Example) {
  createRoot(document.getElementById('root')).render(<Example />);
}
