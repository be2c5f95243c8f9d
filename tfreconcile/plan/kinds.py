"""Which one word says what a list of actions does? What is not in the table is unknown, never harmless."""

from __future__ import annotations

from tfreconcile.plan.document import Kind

# jsonplan.UnmarshalActions of Terraform 1.15 and OpenTofu 1.12: the order tells which comes first.
_MANAGED: dict[tuple[str, ...], Kind] = {
    ("no-op",): Kind.NO_OP,
    ("create",): Kind.CREATE,
    ("update",): Kind.UPDATE,
    ("delete",): Kind.DELETE,
    ("forget",): Kind.FORGET,
    ("delete", "create"): Kind.REPLACE,
    ("create", "delete"): Kind.REPLACE,
    ("create", "forget"): Kind.REPLACE,
    ("forget", "create"): Kind.REPLACE,
}
_DATA: dict[tuple[str, ...], Kind] = {("no-op",): Kind.NO_OP, ("read",): Kind.READ}
_EPHEMERAL: dict[tuple[str, ...], Kind] = {("no-op",): Kind.NO_OP, ("read",): Kind.READ, ("open",): Kind.READ}
_BY_MODE = {"managed": _MANAGED, "data": _DATA, "ephemeral": _EPHEMERAL}
_IMPORTS = frozenset({Kind.NO_OP, Kind.CREATE, Kind.UPDATE})


def kind_of(mode: str, actions: tuple[str, ...], *, moved: bool = False, importing: bool = False) -> Kind:
    """The kind of a change. Moves and imports count where they are the whole of it, or the milder part.

    A destroy stays a destroy even while importing; a moved resource that is also updated is an update.
    """
    kind = _BY_MODE.get(mode, {}).get(actions, Kind.UNKNOWN)
    if importing and kind in _IMPORTS:
        return Kind.IMPORT
    if moved and kind is Kind.NO_OP:
        return Kind.MOVE
    return kind
