/** What an operator asks of one node, at its operator address. */
export async function operate<Answer>(
  url: string | undefined,
  path: string,
  method: "GET" | "POST" = "POST",
): Promise<Answer> {
  const response = await fetch(new URL(path, url), { method, headers: { "x-midchain-operator": "cluster" } });
  if (!response.ok) throw new Error(`${path} answered ${response.status}`);
  return (await response.json()) as Answer;
}
