"""Where does a Terraform work in tests of plan and apply? A desk, a data directory, and one small stack."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tfreconcile.plan.desk import Desk, StateDirectory, desk
from tfreconcile.plan.produce import Order
from tfreconcile.source.model import StackName
from tfreconcile.terraform.process import Child
from tfreconcile.terraform.verbs import Workdir

NET = StackName("net")
STACK = """terraform {
  backend "local" {
    path = "%s"
  }
}
variable "size" {
  type = string
}
resource "terraform_data" "one" {
  input = "v1"
}
resource "terraform_data" "two" {
  input = var.size
}
"""


@dataclass
class Site:
    """One stack on its desk. ``started`` are the processes that an apply told of."""

    directory: StateDirectory
    desk: Desk
    started: list[Child] = field(default_factory=list)

    @property
    def state(self) -> Path:
        """Where the backend block says that the state is."""
        return self.directory.root / "terraform.tfstate"

    @property
    def variables(self) -> Path:
        """The var file."""
        return self.desk.spool / "variables.tfvars.json"

    @property
    def workdir(self) -> Workdir:
        """As a pass sets it up."""
        return Workdir(
            root=self.desk.tree,
            data=self.directory.terraform(NET),
            spool=self.desk.spool,
            home=self.desk.home,
            temporary=self.desk.temporary,
            env={"PATH": os.environ["PATH"]},
        )

    def write(self, more: str = "", *, stack: str = STACK, **variables: str) -> Site:
        """Lay out the stack, with ``more`` HCL, and what its variables are."""
        (self.desk.tree / "main.tf").write_text(stack % self.state + more)
        self.variables.write_text(json.dumps({"size": "small", **variables}))
        return self

    def order(self, *, init_key: str = "key", fresh: bool = False) -> Order:
        """What to plan."""
        return Order(
            root=self.desk.tree,
            data=self.directory.terraform(NET),
            plan_file=self.desk.plan_file,
            var_files=(self.variables,),
            init_key=init_key,
            init_lock=self.directory.init_lock,
            fresh=fresh,
        )


@contextmanager
def site(root: Path) -> Iterator[Site]:
    """A site with the stack as above."""
    directory = StateDirectory(root)
    with desk(directory, NET) as here:
        yield Site(directory, here).write()
