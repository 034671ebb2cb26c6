// Made from the contracts by scripts/build/exportAbi.ts; do not edit.
export const crosschainRemoteExecutorAbi = [
  {"inputs":[{"internalType":"address","name":"initialGateway","type":"address"},{"internalType":"bytes","name":"initialController","type":"bytes"}],"stateMutability":"nonpayable","type":"constructor"},
  {"inputs":[],"name":"AccessRestricted","type":"error"},
  {"inputs":[],"name":"ERC7579DecodingError","type":"error"},
  {"inputs":[{"internalType":"CallType","name":"callType","type":"bytes1"}],"name":"ERC7579UnsupportedCallType","type":"error"},
  {"inputs":[{"internalType":"ExecType","name":"execType","type":"bytes1"}],"name":"ERC7579UnsupportedExecType","type":"error"},
  {"inputs":[{"internalType":"address","name":"gateway","type":"address"},{"internalType":"bytes","name":"sender","type":"bytes"}],"name":"ERC7786RecipientUnauthorizedGateway","type":"error"},
  {"inputs":[],"name":"FailedCall","type":"error"},
  {"inputs":[],"name":"OutOfRangeAccess","type":"error"},
  {"anonymous":false,"inputs":[{"indexed":false,"internalType":"address","name":"gateway","type":"address"},{"indexed":false,"internalType":"bytes","name":"controller","type":"bytes"}],"name":"CrosschainControllerSet","type":"event"},
  {"anonymous":false,"inputs":[{"indexed":false,"internalType":"uint256","name":"batchExecutionIndex","type":"uint256"},{"indexed":false,"internalType":"bytes","name":"returndata","type":"bytes"}],"name":"ERC7579TryExecuteFail","type":"event"},
  {"inputs":[],"name":"controller","outputs":[{"internalType":"bytes","name":"","type":"bytes"}],"stateMutability":"view","type":"function"},
  {"inputs":[],"name":"gateway","outputs":[{"internalType":"address","name":"","type":"address"}],"stateMutability":"view","type":"function"},
  {"inputs":[{"internalType":"bytes32","name":"receiveId","type":"bytes32"},{"internalType":"bytes","name":"sender","type":"bytes"},{"internalType":"bytes","name":"payload","type":"bytes"}],"name":"receiveMessage","outputs":[{"internalType":"bytes4","name":"","type":"bytes4"}],"stateMutability":"payable","type":"function"},
  {"inputs":[{"internalType":"address","name":"newGateway","type":"address"},{"internalType":"bytes","name":"newController","type":"bytes"}],"name":"reconfigure","outputs":[],"stateMutability":"nonpayable","type":"function"},
] as const;
