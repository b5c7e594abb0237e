"""Known prompts and hold music, DTMF and dead air."""
