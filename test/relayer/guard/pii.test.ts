import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { breachOfPersonalData } from "../../../relayer/guard/pii.ts";

const kindOf = (text: string): string | undefined =>
  breachOfPersonalData(text)?.reason.replace("a clear field holds what looks like ", "");

describe("AP-021, personal data in clear fields", () => {
  const seeded: readonly (readonly [kind: string, texts: readonly string[]])[] = [
    [
      "an e-mail address",
      [
        "jane.doe@example.com",
        "mail jane+tag@sub.example.co.uk now",
        "jane @ example.org",
        "jane (at) example (dot) org",
        "jane[at]example[dot]org",
        "ｊａｎｅ＠ｅｘａｍｐｌｅ．ｃｏｍ",
        "ja\u200bne@example.com",
        "用户@例子.广告",
      ],
    ],
    [
      "a wallet address",
      [
        "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266",
        "pay 0XF39FD6E51AAD88F6F4CE6AB8827279CFFFB92266 please",
        "f39fd6e51aad88f6f4ce6ab8827279cfffb92266",
        "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80",
        "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq",
        "vitalik.eth",
      ],
    ],
    [
      "a bank account number",
      [
        "DE89370400440532013000",
        "IBAN DE89 3704 0044 0532 0130 00 bitte",
        "gb82 west 1234 5698 7654 32",
        "NO9386011117947",
        "MT84MALT011000012345MTLCAST001S",
      ],
    ],
    [
      "a card number",
      ["4111111111111111", "4111 1111 1111 1111", "5500-0000-0000-0004", "378282246310005", "card 6011.1111.1111.1117"],
    ],
    ["a social security number", ["078-05-1120", "SSN 219 09 9999", "SSN: 219099999"]],
    [
      "a machine-readable travel document",
      [
        "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<",
        "L898902C36UTO7408122F1204159ZE184226B<<<<<10",
        "I<UTOD231458907<<<<<<<<<<<<<<<",
        "p<utoeriksson<<anna<maria<<<<<<<<<<<<<<<<<<<",
      ],
    ],
    [
      "a phone number",
      [
        "+49 30 1234567",
        "+1 (415) 555-2671",
        "0049 30 1234567",
        "030 / 123 45 67 89",
        "(030) 1234567",
        "07911 123456",
        "415-555-2671",
        "555-2671",
        "call 4155552671",
        "+٤٩٣٠١٢٣٤٥٦٧",
        "４１５５５５２６７１",
      ],
    ],
  ];
  for (const [kind, texts] of seeded) {
    for (const text of texts)
      it(`refuses ${kind}: ${text}`, () => {
        assert.equal(kindOf(text), kind);
      });
  }

  const nearMisses = [
    "City Hospital, 3rd floor",
    "SARS-CoV-2 NAAT, LOINC 94500-6",
    "SNOMED 260415000",
    "Open 2026-11-23 to 2026-12-31",
    "since 1.2.1999",
    "10:30 - 18:45",
    "Version 1.24.3",
    "EUR 1.234.567",
    "Room 101 and 102",
    "Lot 20240012",
    "meet at example dot com",
    "3 @ 4 each",
    "user@host",
    "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb9226",
    "DE89 3704",
    "GB82 is a prefix",
    "f39fd6e5 is a checksum",
    "a < b << c",
    "together",
    "ETH and BTC",
    "5.9 percent of 12345",
  ];
  for (const text of nearMisses)
    it(`accepts ${text}`, () => {
      assert.equal(kindOf(text), undefined);
    });

  it("checks the digits: an account or card number with one digit changed is not named as one", () => {
    assert.notEqual(kindOf("DE88370400440532013000"), "a bank account number");
    assert.notEqual(kindOf("4111111111111112"), "a card number");
    assert.notEqual(kindOf("666-05-1120"), "a social security number");
    assert.notEqual(kindOf("078-00-1120"), "a social security number");
  });

  it("fails closed: a doubtful number, and a text too long to search, are refused", () => {
    assert.equal(kindOf("4111111111111112"), "a phone number");
    assert.ok(breachOfPersonalData("a".repeat(4097)));
  });

  it("finds an address wherever it is put, and never quotes it", () => {
    const filler = fc.stringMatching(/^[a-z ,]{0,200}$/u);
    fc.assert(
      fc.property(filler, filler, (before, after) => {
        const breach = breachOfPersonalData(`${before} jane.doe@example.com ${after}`);
        assert.equal(breach?.rule, "AP-021");
        assert.ok(!breach.reason.includes("jane"));
      }),
    );
  });

  it("answers quickly for any text of the largest size", () => {
    const parts = ["1", "1 ", "a@", "a.", "<", "DE89", "0x", "(", "+1-", "\u0301", "at ( at ) ", " "];
    for (const part of parts) {
      const startedMs = performance.now();
      breachOfPersonalData(part.repeat(4096).slice(0, 4096));
      assert.ok(performance.now() - startedMs < 1_000, part);
    }
  });
});
