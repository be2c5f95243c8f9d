"""How is a Terraform command line spelt? python-terraform turns options into arguments, and does no more."""

from __future__ import annotations

from typing import NoReturn

from python_terraform import IsFlagged, Terraform

FLAG = IsFlagged
"""The value of an option that takes none: ``json=FLAG`` is spelt ``-json``."""

Option = str | bool | list[str] | type[IsFlagged] | None
"""None leaves an option out, a list repeats it."""


class Spelling(Terraform):
    """The argument builder of python-terraform 0.10.1, without the rest of it.

    The library has no deadline, shares our process group and our standard input, hands on our whole
    environment, reads the state into memory, and makes a command of every misspelt attribute.
    """

    def __init__(self) -> None:
        super().__init__(terraform_bin_path="terraform")

    def __getattr__(self, item: str) -> NoReturn:
        raise AttributeError(item)

    def cmd(self, *_: object, **__: object) -> NoReturn:
        """Nothing is started here; tfreconcile.terraform.process does that."""
        raise NotImplementedError("python-terraform spells arguments only")

    def read_state_file(self, file_path: str | None = None) -> None:
        """Never: the state holds secrets, and a cut one raises."""

    def arguments(self, verb: str, *positional: str, **options: Option) -> tuple[str, ...]:
        """``verb``, the options in the order given, the positionals."""
        return tuple(super().generate_cmd_string(verb, *positional, **options)[1:])


def argv(program: tuple[str, ...], verb: str, *positional: str, **options: Option) -> tuple[str, ...]:
    """The whole command line, the program first."""
    return (*program, *Spelling().arguments(verb, *positional, **options))
