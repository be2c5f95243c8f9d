"""The room that sees what would happen: plan JSON, fingerprint, masked rendering."""
