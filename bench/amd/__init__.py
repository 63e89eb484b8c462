"""How often answering-machine detection is wrong, on greetings that were recorded or spoken by a machine."""
