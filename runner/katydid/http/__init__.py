"""HTTP clients behind one seam: the session (what) and the transport (how it is sent)."""
