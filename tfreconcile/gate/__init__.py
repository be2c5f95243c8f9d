"""The room that says whether we may: pure decisions over policy and approvals."""
