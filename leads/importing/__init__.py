"""Loads lead files and files of numbers: one pass, constant memory, and a fate for every row."""
