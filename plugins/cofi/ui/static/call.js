// The page of one call.

import { onKeys, playerKeys, takeFocus } from "./keys.js";
import { Player } from "./player.js";

const player = new Player(document.querySelector(".call"));
onKeys(playerKeys(() => player), player.events.signal);
takeFocus();
