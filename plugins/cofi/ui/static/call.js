// The page of one call.

import "./around.js";
import { read } from "./http.js";
import { onKeys, playerKeys, takeFocus } from "./keys.js";
import { Player } from "./player.js";

const player = new Player(document.querySelector(".call"));
onKeys(playerKeys(() => player), player.events.signal);
takeFocus();

// What the model was shown is made only for whoever asks.
const shown = document.querySelector(".shown");
shown?.addEventListener("toggle", async () => {
  const [told, text] = [shown.querySelector(".as-sent"), shown.querySelector("pre")];
  if (!shown.open || text.textContent) return;
  try {
    const made = await (await read(`/calls/${player.data.call_id}/shown`)).json();
    text.textContent = made.text;
    told.textContent = made.as_sent
      ? "As it left: private data is replaced."
      : "Made again by today's rules, which replace other things than those of that day.";
  } catch (error) {
    told.textContent = error.message;
  }
});

// A link leads to a moment: what was searched for, or the evidence of an example.
const at = Number(new URLSearchParams(location.search).get("at"));
if (at > 0) player.seek(at);
