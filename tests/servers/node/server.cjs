// @jmondi/oauth2-server at TrackTik's path, for tests: TLS and a plain control port, both on free
// ports of loopback unless told otherwise. The library answers POST /rest/oauth2/access_token by itself; this file only mounts it,
// keeps its tokens in memory, counts what it answered, and lets a test make accounts. It ends when
// its stdin does, so that it cannot outlive the test that started it.
//
// CommonJS, because only `require` honours NODE_PATH: the library is installed in a cache folder.
"use strict";

const { randomBytes } = require("node:crypto");
const { readFileSync } = require("node:fs");
const http = require("node:http");
const https = require("node:https");
const { parseArgs } = require("node:util");
const { AuthorizationServer, DateInterval, JwtService } = require("@jmondi/oauth2-server");
const vanilla = require("@jmondi/oauth2-server/vanilla");

const { values: options } = parseArgs({
  options: {
    cert: { type: "string" },
    key: { type: "string" },
    "access-token-seconds": { type: "string" },
    address: { type: "string", default: "127.0.0.1" },
    port: { type: "string", default: "0" },
    "control-port": { type: "string", default: "0" },
  },
});
const tokenLifetime = new DateInterval(`${options["access-token-seconds"]}s`);
const REFRESH_TOKEN_MS = 30 * 24 * 3600 * 1000;

const clients = new Map();
const passwords = new Map();
const byAccessToken = new Map();
const byRefreshToken = new Map();
const refreshTokensSeen = new Set();
// Whatever became of the answer. What is lost on its way is in no Secret, and in no other record.
const tokensGranted = new Map();
const counts = { logins: 0, refused: 0, refreshes: 0, repeatedRefreshTokens: 0, byUsername: {} };

const clientRepository = {
  // An unknown client is `undefined`: how to answer that is the library's to decide.
  getByIdentifier: async (id) => clients.get(id),
  isClientValid: async (grant, client, secret) =>
    client.secret === secret && client.allowedGrants.includes(grant),
};

const userRepository = {
  getUserByCredentials: async (username, password) =>
    passwords.has(username) && passwords.get(username) === password ? { id: username } : undefined,
};

const scopeRepository = {
  getAllByIdentifiers: async (names) => names.map((name) => ({ name })),
  finalize: async (scopes) => scopes,
};

// Revoking is expiring, as in the library's own example of a repository.
const tokenRepository = {
  issueToken: async (client, scopes, user) => ({
    accessToken: randomBytes(32).toString("hex"),
    accessTokenExpiresAt: tokenLifetime.getEndDate(),
    client,
    user,
    scopes,
  }),
  issueRefreshToken: async (token) => {
    token.refreshToken = randomBytes(32).toString("hex");
    token.refreshTokenExpiresAt = new Date(Date.now() + REFRESH_TOKEN_MS);
    byRefreshToken.set(token.refreshToken, token);
    return token;
  },
  persist: async (token) => void byAccessToken.set(token.accessToken, token),
  revoke: async (token) => {
    token.accessTokenExpiresAt = new Date(0);
    token.refreshTokenExpiresAt = new Date(0);
  },
  isRefreshTokenRevoked: async (token) => Date.now() > token.refreshTokenExpiresAt.getTime(),
  getByRefreshToken: async (id) => byRefreshToken.get(id),
};

const jwt = new JwtService(randomBytes(32).toString("hex"));
const oauth = new AuthorizationServer(clientRepository, tokenRepository, scopeRepository, jwt);
oauth.enableGrantTypes(
  [{ grant: "password", userRepository }, tokenLifetime],
  ["refresh_token", tokenLifetime],
);

async function token(request) {
  let asked = { body: {} };
  let answer;
  try {
    asked = await vanilla.requestFromVanilla(request);
    answer = await oauth.respondToAccessTokenRequest(asked);
  } catch (failure) {
    answer = vanilla.handleVanillaError(failure);
  }
  const { grant_type: grant, refresh_token: refreshToken } = asked.body;
  const granted = grant === "refresh_token" ? "refreshes" : "logins";
  const outcome = answer.status === 200 ? granted : "refused";
  counts[outcome] += 1;
  if (refreshToken) {
    counts.repeatedRefreshTokens += refreshTokensSeen.has(refreshToken) ? 1 : 0;
    refreshTokensSeen.add(refreshToken);
  }
  // A refresh grant names nobody; whose it was is told by the token that came of it.
  const username = asked.body.username ?? (await issued(answer.body?.access_token))?.user.id;
  if (username) {
    counts.byUsername[username] ??= { logins: 0, refused: 0, refreshes: 0, loginTimes: [] };
    counts.byUsername[username][outcome] += 1;
    if (outcome === "logins") {
      counts.byUsername[username].loginTimes.push(Math.floor(performance.now()));
    }
  }
  if (outcome !== "refused") {
    const { access_token: access, refresh_token: refresh } = answer.body;
    tokensGranted.set(username, [...(tokensGranted.get(username) ?? []), access, refresh]);
  }
  return vanilla.responseToVanilla(answer);
}

// What was issued with this access token, by its signature and the repository; alive or not.
async function issued(accessToken) {
  const claims = await jwt.verify(accessToken ?? "").catch(() => undefined);
  return byAccessToken.get(claims?.jti);
}

async function whoami(request) {
  const [, bearer] = /^Bearer (.+)$/.exec(request.headers.get("authorization") ?? "") ?? [];
  const found = await issued(bearer);
  // The library marks a revoked token in the repository only; its signature stays good.
  if (!found || found.accessTokenExpiresAt.getTime() <= Date.now()) {
    return Response.json({ error: "invalid_token" }, { status: 401 });
  }
  return Response.json({ username: found.user.id });
}

async function createAccount(request) {
  const { clientId, clientSecret, username, password } = await request.json();
  clients.set(clientId, {
    id: clientId,
    name: clientId,
    secret: clientSecret,
    redirectUris: [],
    allowedGrants: ["password", "refresh_token"],
    scopes: [],
  });
  passwords.set(username, password);
  return new Response(null, { status: 204 });
}

async function changePassword(request) {
  const { username, password } = await request.json();
  if (!passwords.has(username)) return new Response(null, { status: 404 });
  passwords.set(username, password);
  return new Response(null, { status: 204 });
}

async function granted(request) {
  const { username } = await request.json();
  return Response.json(tokensGranted.get(username) ?? []);
}

const tokenRoutes = { "POST /rest/oauth2/access_token": token, "GET /whoami": whoami };
const controlRoutes = {
  "POST /accounts": createAccount,
  "POST /accounts/password": changePassword,
  "GET /counts": async () => Response.json(counts),
  "POST /granted": granted,
};

// Node's request in, a standard Request to the route, its standard Response out.
async function answer(routes, incoming, outgoing) {
  const chunks = [];
  for await (const chunk of incoming) chunks.push(chunk);
  const { pathname } = new URL(incoming.url, "https://localhost");
  const route = routes[`${incoming.method} ${pathname}`];
  let response = new Response(null, { status: 404 });
  if (route) {
    const body = chunks.length ? Buffer.concat(chunks) : undefined;
    const { method, headers } = incoming;
    response = await route(new Request(`https://localhost${pathname}`, { method, headers, body }));
  }
  console.error(`${incoming.method} ${pathname} ${response.status}`);
  outgoing.writeHead(response.status, Object.fromEntries(response.headers));
  outgoing.end(Buffer.from(await response.arrayBuffer()));
}

// A client that hangs up in the middle of its request must not take the server with it.
const serve = (routes) => (incoming, outgoing) =>
  answer(routes, incoming, outgoing).catch((failure) => {
    console.error(`${incoming.method} ${incoming.url} failed: ${failure.name}`);
    outgoing.destroy();
  });

const listen = (server, port) =>
  new Promise((done) => server.listen(Number(port), options.address, () => done(server.address().port)));

async function main() {
  const tls = { cert: readFileSync(options.cert), key: readFileSync(options.key) };
  const port = await listen(https.createServer(tls, serve(tokenRoutes)), options.port);
  const controlPort = await listen(http.createServer(serve(controlRoutes)), options["control-port"]);
  process.on("SIGTERM", () => process.exit(0));
  process.stdin.on("close", () => process.exit(0)).resume();
  console.log(JSON.stringify({ ready: true, port, controlPort }));
}

main();
