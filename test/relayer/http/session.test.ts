import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { describe, it } from "node:test";
import { ACCESS_MS, createSessions, REFRESH_MS } from "../../../relayer/http/session.ts";

const keyringOf = (key: string) => ({
  sessionTag: (token: Uint8Array) => new Uint8Array(createHmac("sha256", key).update(token).digest()),
});
const account = new Uint8Array(20).fill(7);

function setUp(key = "common") {
  let now = 1_800_000_000_000;
  const clock = { now: () => now };
  return {
    sessions: createSessions({ keyring: keyringOf(key), clock }),
    clock,
    pass: (ms: number) => {
      now += ms;
    },
  };
}

describe("sessions", () => {
  it("ends an access token after ten minutes, and not before", () => {
    const { sessions, pass } = setUp();
    const { token } = sessions.open(account);
    pass(ACCESS_MS - 1);
    assert.deepEqual(sessions.accountOf(token), account);
    pass(1);
    assert.equal(sessions.accountOf(token), undefined);
  });

  it("renews with a refresh token once; a second use ends the whole session", () => {
    const { sessions } = setUp();
    const first = sessions.open(account);
    const second = sessions.refresh(first.refreshToken);
    assert.deepEqual(sessions.accountOf(second!.token), account);
    assert.equal(sessions.refresh(first.refreshToken), undefined);
    assert.equal(sessions.accountOf(second!.token), undefined);
    assert.equal(sessions.refresh(second!.refreshToken), undefined);
  });

  it("leaves other sessions of the account alone", () => {
    const { sessions } = setUp();
    const [mine, other] = [sessions.open(account), sessions.open(account)];
    sessions.end(mine.token);
    assert.equal(sessions.accountOf(mine.token), undefined);
    assert.equal(sessions.refresh(mine.refreshToken), undefined);
    assert.deepEqual(sessions.accountOf(other.token), account);
  });

  it("ends a refresh token too", () => {
    const { sessions, pass } = setUp();
    const { refreshToken } = sessions.open(account);
    pass(REFRESH_MS);
    assert.equal(sessions.refresh(refreshToken), undefined);
  });

  it("does not take one kind of token for the other", () => {
    const { sessions } = setUp();
    const { token, refreshToken } = sessions.open(account);
    assert.equal(sessions.accountOf(refreshToken), undefined);
    assert.equal(sessions.refresh(token), undefined);
  });

  it("refuses a token with any bit changed", () => {
    const { sessions } = setUp();
    const bytes = Buffer.from(sessions.open(account).token, "base64url");
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const altered = Buffer.from(bytes);
      altered[bit >> 3]! ^= 1 << (bit & 7);
      assert.equal(sessions.accountOf(altered.toString("base64url")), undefined);
    }
  });

  it("is taken by every node with the common key, and by no other", () => {
    const here = setUp();
    const { token } = here.sessions.open(account);
    const peer = createSessions({ keyring: keyringOf("common"), clock: here.clock });
    const stranger = createSessions({ keyring: keyringOf("other"), clock: here.clock });
    assert.deepEqual(peer.accountOf(token), account);
    assert.equal(stranger.accountOf(token), undefined);
  });
});
