"""HTTP, the store on disk, and what the host says of itself."""
