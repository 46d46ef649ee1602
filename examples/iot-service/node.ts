/** The service on Node, for development: `npx tsx examples/iot-service/node.ts`. */
import { runApp } from 'streambed/node/app';
import { main } from './app.ts';

await runApp(main);
