import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { findPlanted, type Planted } from "../support/planted.ts";

const FOLDER = join(import.meta.dirname, "planted");
const SEEDS_MAX = 500;

describe("the simulation", { timeout: 900_000 }, () => {
  for (const name of readdirSync(FOLDER).toSorted()) {
    const planted = JSON.parse(readFileSync(join(FOLDER, name), "utf8")) as Planted;
    it(`finds that ${planted.why}`, (t) => {
      const found = findPlanted(planted, SEEDS_MAX);
      assert.ok(found !== undefined, `not within ${SEEDS_MAX} seeds`);
      t.diagnostic(`seed ${found.seed}: ${found.rules.join(", ")}`);
    });
  }
});
