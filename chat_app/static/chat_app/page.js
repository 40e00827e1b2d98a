/** The page around the element: its title and its colour scheme. Everything else is the element's. */

const name = document.title;

addEventListener('chat-title', ({ detail }) => {
  document.title = detail.title ? `${detail.title} · ${name}` : name;
});

addEventListener('chat-theme', ({ detail }) => {
  document.documentElement.style.colorScheme = detail.theme === 'auto' ? 'light dark' : detail.theme;
});
