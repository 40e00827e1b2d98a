export * from './connect/element.js';
