// The page of one call.

import { onKeys, playerKeys, takeFocus } from "./keys.js";
import { Player } from "./player.js";

const player = new Player(document.querySelector(".call"));
onKeys(playerKeys(() => player), player.events.signal);
takeFocus();

// A link leads to a moment: what was searched for, or the evidence of an example.
const at = Number(new URLSearchParams(location.search).get("at"));
if (at > 0) player.seek(at);
