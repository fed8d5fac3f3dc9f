// fetch as Node has it.
export async function connectFetch(url) {
  return async (userId) => {
    const response = await fetch(`${url}/orders/${userId}`);
    if (!response.ok) throw new Error(`status ${response.status}`);
    return response.json();
  };
}
