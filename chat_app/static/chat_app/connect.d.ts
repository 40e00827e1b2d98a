export * from './connect/index.js';
