/** Where the connector is served: `import { connect } from '/static/chat_app/connect.js'`. Its code is in `connect/`. */

export { connect } from './connect/index.js';
