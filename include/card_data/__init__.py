"""Payment card data in a conversation: found, and kept nowhere. GPU hosts and cofi use the same rules."""
