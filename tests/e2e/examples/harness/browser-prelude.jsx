// What the examples' front ends leave out: their imports, and a showNotification. Never a line of their own logic.
export { useEffect, useRef, useState } from 'react';
export { ChatKit, useChatKit } from '../../../../chat_app/static/chat_app/connect/react.js';

export function showNotification(text, level) {
  const alert = document.createElement('div');
  alert.setAttribute('role', 'alert');
  alert.dataset.level = level;
  alert.textContent = text;
  document.body.append(alert);
}
