"""Reference GPU host: an HTTP server in front of denoise, IVR, LID and STT engines."""
