// Requests to cofi's own routes.

export const prefix = document.body.dataset.prefix;

// Other sites can make a browser send its cookie along, but not this header.
const WRITE = { "X-Cofi": "1", "Content-Type": "application/json" };

export class Refused extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

const answered = async (response) => {
  if (response.ok) return response;
  const told = await response.json().catch(() => ({}));
  throw new Refused(response.status, told.detail ?? `The server answered ${response.status}.`);
};

export const read = async (path, headers = { Accept: "application/json" }) =>
  answered(await fetch(prefix + path, { headers }));

export const write = async (path, body, options = {}) =>
  answered(await fetch(prefix + path, { method: "POST", headers: WRITE, body: JSON.stringify(body), ...options }));

// For those who do not see the page.
export const say = (text) => {
  document.getElementById("said").textContent = text;
};
