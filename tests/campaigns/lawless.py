"""Calling rules for tests of everything but the law: they allow what a campaign allows, everywhere."""

from pathlib import Path

from campaigns.compliance.rulebook import load_rulebook

NO_LAW_DIR = Path(__file__).parent / "no_law"
NO_LAW = load_rulebook(NO_LAW_DIR)
