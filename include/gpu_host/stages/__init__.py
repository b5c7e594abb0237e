"""What each stage does with a recording, whatever model is behind it."""
