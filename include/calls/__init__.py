"""The core: a call, its stages, its transcript, the ledger, and how a day's recordings are found."""
