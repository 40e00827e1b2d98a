// What the examples' front ends leave out, with the published ChatKit component as it is.
export { useEffect, useRef, useState } from 'react';
export { ChatKit, useChatKit } from '@openai/chatkit-react';
export { showNotification } from './browser-prelude.jsx';
