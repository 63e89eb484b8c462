"""A client's prompts: sounds that calls play, uploaded or spoken, in the one form that the switch plays."""
