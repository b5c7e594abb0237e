"""How far the judge can be trusted: second opinions, calibrated confidence, canaries."""
