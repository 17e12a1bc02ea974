// The whole contract through a client that openapi-typescript made: node contract.js URL-OF-THE-EXAMPLE

import assert from "node:assert/strict";

import createClient from "openapi-fetch";

import type { components, paths } from "./phone_client.js";

type Refusal = components["schemas"]["Refusal"];

const PHONE = "+79096869761";
const NEW_PHONE = "+79096869762";
const SOMEBODY = "+79096869763";
const INVITER = "+79096869722";
const url = process.argv[2]!;

function isRefused(error: Refusal | undefined, code: string): Refusal {
  assert.equal(error?.code, code);
  return error!;
}

// Returns the newest code that the example's page of messages shows.
async function readCode(phone: string): Promise<string> {
  return readMessage(phone, /(\d+) is (?:your|the) code/);
}

async function readMessage(phone: string, part: RegExp): Promise<string> {
  const page = await (await fetch(`${url}/phone/`)).text();
  const after = page.slice(page.indexOf(`${phone}</strong>`));
  return part.exec(after)![1]!;
}

async function signIn(phone: string) {
  const anonymous = createClient<paths>({ baseUrl: url });
  const asked = await anonymous.POST("/api_user/create/", { body: { phone } });
  if (asked.error) throw new Error(asked.error.code);

  const entered = await anonymous.POST("/api_user/auth/{id}/", {
    params: { path: { id: asked.data.id } },
    body: { auth_number: await readCode(phone) },
  });
  if (entered.error) throw new Error(entered.error.code);

  const headers = { Authorization: `Token ${entered.data.token}` };
  return createClient<paths>({ baseUrl: url, headers });
}
// End of signIn.

type Client = ReturnType<typeof createClient<paths>>;

async function me(client: Client) {
  return (await client.GET("/api_user/me/")).data!;
}

async function checkRefusalsOnTheWay() {
  const anonymous = createClient<paths>({ baseUrl: url });
  const bad = await anonymous.POST("/api_user/create/", { body: { phone: "12" } });
  assert.equal(bad.response.status, 400);
  assert.equal(isRefused(bad.error, "invalid").errors!["phone"]![0]!.code, "phone_invalid");

  const missing = await anonymous.POST("/api_user/auth/{id}/", {
    params: { path: { id: 999999999 } },
    body: { auth_number: 1 },
  });
  assert.equal(missing.response.status, 404);
  isRefused(missing.error, "code_not_found");

  const nobody = await anonymous.GET("/api_user/me/");
  assert.equal(nobody.response.status, 401);
  assert.equal(nobody.response.headers.get("WWW-Authenticate"), "Token");
  isRefused(nobody.error, "not_authenticated");
}

// A wrong guess, a malformed one, the right one as an integer, and the same one again.
async function checkCodes(phone: string): Promise<Client> {
  const anonymous = createClient<paths>({ baseUrl: url });
  const params = { header: { "Idempotency-Key": crypto.randomUUID() } };
  const { data: asked, response } = await anonymous.POST("/api_user/create/", { params, body: { phone } });
  const again = await anonymous.POST("/api_user/create/", { params, body: { phone } });
  assert.deepEqual(again.data, asked);
  const body = { phone, invite_code: "TwXK36" };
  isRefused((await anonymous.POST("/api_user/create/", { params, body })).error, "idempotency_key_reused");
  assert.equal(response.status, 201);
  assert.equal(response.headers.get("Location"), `/api_user/auth/${asked!.id}/`);
  assert.deepEqual([asked!.phone, asked!.attempts_left], [phone, 3]);
  assert.equal(Date.parse(asked!.expires_at) - Date.parse(asked!.resend_at), 240_000);

  const soon = await anonymous.POST("/api_user/create/", { body: { phone } });
  assert.equal(isRefused(soon.error, "rate_limited").resend_at, asked!.resend_at);
  assert.ok(Number(soon.response.headers.get("Retry-After")) > 0);

  const enter = (auth_number: number | string) =>
    anonymous.POST("/api_user/auth/{id}/", { params: { path: { id: asked!.id } }, body: { auth_number } });
  const code = await readCode(phone);
  const last = (Number(code.at(-1)) + 1) % 10;
  const wrong = await enter(`${code.slice(0, -1)}${last}`);
  assert.equal(isRefused(wrong.error, "code_invalid").attempts_left, 2);
  const malformed = await enter("８９１７");
  assert.equal(isRefused(malformed.error, "invalid").errors!["auth_number"]![0]!.code, "code_malformed");
  const entered = await enter(Number(code));
  isRefused((await enter(code)).error, "code_used");

  const client = createClient<paths>({ baseUrl: url, headers: { Authorization: `Token ${entered.data!.token}` } });
  const own = await client.GET("/api_user/user/{id}/", { params: { path: { id: entered.data!.id } } });
  assert.equal(own.data!.phone, phone);
  assert.equal(own.data!.stranger_invite_code, null);
  return client;
}

async function checkInvites(newcomer: Client, inviter: Client) {
  const own = await me(newcomer);
  const theirs = await me(inviter);
  const activate = (stranger_invite_code: string) =>
    newcomer.PATCH("/api_user/user/{id}/", { params: { path: { id: own.id } }, body: { stranger_invite_code } });

  isRefused((await activate("zzzzzz")).error, "invite_unknown");
  isRefused((await activate(own.invite_code)).error, "invite_own");
  const activated = await activate(theirs.invite_code);
  assert.deepEqual(activated.data, { stranger_invite_code: theirs.invite_code });
  const second = await activate(theirs.invite_code);
  assert.equal(second.response.status, 409);
  isRefused(second.error, "invite_already_activated");
  const again = await newcomer.PATCH("/api_user/me/", { body: { stranger_invite_code: theirs.invite_code } });
  assert.equal(again.response.status, 409);
  assert.equal((await me(newcomer)).stranger_invite_code, theirs.invite_code);

  const another = await newcomer.GET("/api_user/user/{id}/", { params: { path: { id: theirs.id } } });
  assert.equal(another.response.status, 404);
  isRefused(another.error, "not_found");
}

async function checkInvitees(inviter: Client) {
  const own = await me(inviter);
  const get = async (older_than?: number) => {
    const query = older_than === undefined ? {} : { older_than };
    return (await inviter.GET("/api_user/user/{id}/invitees/", { params: { path: { id: own.id }, query } })).data!;
  };
  let page = await get();
  assert.deepEqual(page.invite_user, own.invite_user);
  assert.equal(page.invite_user[0]!.phone, "+7(909)686-97-61");
  let shown = page.invite_user.length;
  while (page.older_than !== null) {
    page = await get(page.older_than);
    shown += page.invite_user.length;
  }
  assert.equal(shown, own.invite_user_count);
  assert.equal(shown, 104);
}

// Another number, and the way back, which ends all logins.
async function checkNumber(client: Client) {
  const anonymous = createClient<paths>({ baseUrl: url });
  const asked = await client.POST("/api_user/number/", { body: { phone: NEW_PHONE } });
  assert.deepEqual([asked.data!.phone, asked.data!.attempts_left], [NEW_PHONE, 3]);
  const changed = await client.POST("/api_user/number/{token}/", {
    params: { path: { token: asked.data!.id } },
    body: { auth_number: await readCode(NEW_PHONE) },
  });
  assert.deepEqual(changed.data, { phone: NEW_PHONE });
  assert.equal((await me(client)).phone, NEW_PHONE);

  const body = { token: await readMessage(PHONE, /Undo it with ([0-9a-f]{32})/) };
  assert.equal((await anonymous.POST("/api_user/number/undo/", { body })).response.status, 204);
  isRefused((await anonymous.POST("/api_user/number/undo/", { body })).error, "undo_not_found");
  isRefused((await client.GET("/api_user/me/")).error, "authentication_failed");
}

async function checkLogins(client: Client) {
  const { data: known } = await client.GET("/api_user/logins/");
  const [own] = known!.logins.filter((login) => login.is_present);
  assert.deepEqual([own!.kind, known!.unknown], ["token", []]);
  const end = (reference: string) =>
    client.DELETE("/api_user/logins/{reference}/", { params: { path: { reference } } });
  assert.equal((await end("0".repeat(32))).response.status, 404);
  assert.equal((await end(own!.id)).response.status, 204);
  isRefused((await client.GET("/api_user/me/")).error, "authentication_failed");
}

async function checkLogout(client: Client) {
  assert.equal((await client.POST("/api_user/logout/")).response.status, 204);
  isRefused((await client.GET("/api_user/me/")).error, "authentication_failed");
}

await checkRefusalsOnTheWay();
const newcomer = await checkCodes(PHONE);
const inviter = await signIn(INVITER);
await checkInvites(newcomer, inviter);
await checkInvitees(inviter);
await checkNumber(newcomer);
await checkLogins(inviter);
await checkLogout(await signIn(SOMEBODY));
console.log("The contract holds.");
