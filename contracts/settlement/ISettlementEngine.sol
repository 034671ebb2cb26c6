// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Executes signed deals, each alone
/// @notice Accounts that pay sign a deal (EIP-712); the notary ledger hands over batches of them. One failing deal never
/// harms another, and why it failed is kept. Accounts give this contract ERC-20 allowances, therefore it is immutable
/// and no role can make it move anything.
interface ISettlementEngine {
    /// @notice What became of a deal.
    /// @dev Settled 1: all legs moved. Reverted 2: a leg reverted, nothing moved. BadSignature 3: a payer's signature is
    /// missing or wrong, nonces are intact, so the deal may come again. NonceUsed 4: a payer's nonce was used before;
    /// the earlier outcome counts. OutsideWindow 5, TokenNotAllowed 6: nonces are used, final. BadDeal 7: the deal can
    /// never settle (no legs or too many).
    enum Status {
        Unknown,
        Settled,
        Reverted,
        BadSignature,
        NonceUsed,
        OutsideWindow,
        TokenNotAllowed,
        BadDeal
    }

    /// @notice One token movement; `amount` in the token's smallest unit.
    struct Leg {
        address token;
        address from;
        address to;
        uint256 amount;
    }

    /// @notice What the payers sign. `terms` is the salted commitment of the transaction kept off chain, which binds the
    /// other parties; the window is in Unix seconds, both ends included; `nonce` is one bit per payer (any order).
    struct Deal {
        bytes32 terms;
        uint48 validAfter;
        uint48 validUntil;
        uint256 nonce;
        Leg[] legs;
    }

    /// @notice A deal with one signature per distinct `from`, in order of first appearance.
    struct Signed {
        Deal deal;
        bytes[] sigs;
    }

    /// @notice All legs of the deal moved.
    event DealSettled(bytes32 indexed dealId);
    /// @notice Nothing of the deal moved. `reason` is what the token reverted with, cut to 256 bytes; empty otherwise.
    event DealFailed(bytes32 indexed dealId, Status status, bytes reason);
    /// @notice `account` made the nonces `word * 256 + bit` of the mask unusable.
    event NoncesCancelled(address indexed account, uint256 indexed word, uint256 mask);
    /// @notice Governance admitted or removed a token.
    event TokenAllowanceSet(address indexed token, bool allowed);
    /// @notice Governance changed the gas given to each leg and to each contract signature check.
    event GasSet(uint32 oldLegGas, uint32 oldSigGas, uint32 legGas, uint32 sigGas);

    error SettlementEngineNotLedger(address caller);
    error SettlementEngineNotSelf(address caller);
    error SettlementEngineItemCount(uint256 count, uint256 max);
    error SettlementEngineCalldataNotExact(uint256 length, uint256 expected);
    error SettlementEngineInsufficientGas(uint256 givable, uint256 needed);
    error SettlementEngineNothingToCancel(address account, uint256 word, uint256 mask);
    error SettlementEngineGasOutOfBounds(uint32 legGas, uint32 sigGas);
    error SettlementEngineNoChange();
    error SettlementEngineZeroAddress();

    /// @notice Executes each deal by itself and returns the root of their outcomes.
    /// @dev Only the notary ledger. Emits one DealSettled or DealFailed per item. Leaf i of the returned root is
    /// (OUTCOME, i, dealId, status, keccak256(reason)). Reverts as a whole only when the caller is not the ledger, the
    /// batch is empty, too long or not canonically encoded, a nested call comes in from a token, or the transaction
    /// carries too little gas to give some leg or signature check its full cap (so nobody can starve one on purpose).
    /// @param items at most 256 signed deals
    /// @return outcomeRoot root in the shape of SimpleMerkleTree (unsorted leaves)
    function settle(Signed[] calldata items) external returns (bytes32 outcomeRoot);

    /// @notice Moves all legs or reverts. Only this contract itself, as the frame a failing deal is undone in.
    function executeLegs(Leg[] calldata legs) external;

    /// @notice Makes nonces of the caller unusable: bit b of `mask` stands for nonce `word * 256 + b`. Deals signed with
    /// them can no longer settle. Emits NoncesCancelled; reverts when all of them are used already.
    function cancel(uint256 word, uint256 mask) external;

    /// @notice Admits or removes a token. Governance only. Emits TokenAllowanceSet; reverts on no change. Tokens that
    /// take fees, rebase or call back are kept out here; the engine stays safe with them, their users may not.
    function setToken(address token, bool allowed) external;

    /// @notice Sets the gas given to each leg (60,000 to 1,000,000) and to each ERC-1271 check (30,000 to 500,000).
    /// Governance only. Emits GasSet; reverts outside the bounds or on no change.
    function setGas(uint32 legGas, uint32 sigGas) external;

    /// @notice EIP-712 digest of a deal: what payers sign, and the deal's id.
    function hashDeal(Deal calldata deal) external view returns (bytes32 dealId);

    /// @notice Whether a deal of `account` with this nonce can no longer settle.
    function isNonceUsed(address account, uint256 nonce) external view returns (bool);

    /// @notice Whether deals may move this token.
    function isTokenAllowed(address token) external view returns (bool);

    /// @notice Gas given to each leg and to each ERC-1271 signature check.
    function gasLimits() external view returns (uint32 legGas, uint32 sigGas);

    /// @notice The notary ledger that hands over batches.
    function ledger() external view returns (address);
}
