import type { ReactNode } from "react";
import { isAddress, type Address } from "viem";
import { useConnection } from "wagmi";
import { LOCAL_CHAIN, useNetwork } from "../net/NetworkContext.ts";
import { TextField } from "../ui/TextField.tsx";
import { demoAccounts } from "../wallet/demoWallet.ts";

/** The accounts that somebody typed, apart by commas or spaces; undefined while one of them is none. */
export function readAccounts(text: string): readonly Address[] | undefined {
  const parts = text.split(/[\s,]+/).filter((part) => part !== "");
  const accounts = parts.filter((part) => isAddress(part, { strict: false }));
  return parts.length > 0 && accounts.length === parts.length ? accounts : undefined;
}

/** Other people's accounts; on the local chain the demo people are one press away. */
export function PersonField(props: {
  readonly label: string;
  readonly several?: boolean;
  readonly value: string;
  readonly onChange: (text: string) => void;
}): ReactNode {
  const { chainId } = useNetwork();
  const { address } = useConnection();
  const near = chainId === LOCAL_CHAIN ? demoAccounts.filter((person) => person.address !== address) : [];
  const add = (account: Address): void => {
    const others = props.several === true ? props.value.trim() : "";
    props.onChange(others === "" ? account : `${others} ${account}`);
  };
  return (
    <div className="stack tight">
      <TextField
        label={props.label}
        hint={
          props.several === true
            ? "Accounts, apart by spaces. They must have enrolled."
            : "An account that has enrolled."
        }
        placeholder="0x…"
        value={props.value}
        onChange={props.onChange}
      />
      {near.length === 0 ? null : (
        <div className="row">
          {near.map((person) => (
            <button
              type="button"
              key={person.name}
              className="button small"
              onClick={() => {
                add(person.address);
              }}
            >
              + {person.name}
            </button>
          ))}
        </div>
      )}
    </div>
  );
}
