"""How master and workers talk: messages, their wire form, sockets, keys, the heartbeat thread."""
