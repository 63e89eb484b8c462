"""How fast the switch is: call set-up, bridged audio, and how soon an agent hears who answered."""
