// The same, with the server's React module: the published component plus onMessageSent.
export { useEffect, useRef, useState } from 'react';
export { ChatKit, useChatKit } from '../../../../chat_app/static/chat_app/connect/react.js';
export { showNotification } from './browser-prelude.jsx';
