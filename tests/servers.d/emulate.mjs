// Starts one service of the package emulate on 127.0.0.1, filled from a seed file.
// usage: node emulate.mjs PACKAGE_FOLDER SERVICE PORT SEED.json
// The command line of the package wants a newer Node than its programming interface does, hence this file.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [folder, service, port, seedFile] = process.argv.slice(2);
const library = join(folder, "node_modules", "emulate", "dist", "api.js");
const { createEmulator } = await import(pathToFileURL(library).href);
const seed = JSON.parse(readFileSync(seedFile, "utf8"));
const running = await createEmulator({
  service,
  port: Number(port),
  hostname: "127.0.0.1",
  // Links in answers name the address that the tests ask, not "localhost".
  seed: { tokens: seed.tokens, [service]: { ...seed[service], baseUrl: `http://127.0.0.1:${port}` } },
});
console.log(`${service} at ${running.url}`);
