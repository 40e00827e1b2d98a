/** The chat page with our own element. */

import { present } from './page/own.js';

present(document.querySelector('openai-chatkit'), { door: document.querySelector('.door') });
