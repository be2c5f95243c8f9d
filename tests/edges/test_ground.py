"""Do a real AWS provider, a real Terraform and the fake AWS meet? What the end-to-end tests stand on."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from support.ground import Moto, aws_provider

from tfreconcile.terraform.engine import Engine
from tfreconcile.terraform.verbs import Terraform, Workdir


@pytest.mark.e2e
def test_a_queue_is_made_in_the_fake_cloud(
    engine: Engine, moto: Moto, terraform_rc: Path, tmp_path: Path
) -> None:
    queue = 'resource "aws_sqs_queue" "orders" {\n  name = "orders"\n}\n'
    (tmp_path / "main.tf").write_text(aws_provider(moto.endpoint) + queue)
    workdir = Workdir(
        root=tmp_path,
        data=tmp_path / "data",
        spool=tmp_path / "spool",
        home=tmp_path,
        temporary=tmp_path / ("a-directory-too-long-for-the-socket-of-a-provider" * 2),
        env={"PATH": os.environ["PATH"], "TF_CLI_CONFIG_FILE": str(terraform_rc)},
    )
    terraform, plan = Terraform(engine, workdir, timeout=120), tmp_path / "plan.tfplan"
    terraform.init(lock=tmp_path / "init.lock")
    assert terraform.plan(plan, var_files=()).changes
    assert terraform.apply(plan, started=lambda _: None).ok
    assert [url.rpartition("/")[2] for url in moto.client("sqs").list_queues()["QueueUrls"]] == ["orders"]


def test_every_test_has_a_cloud_of_its_own(moto: Moto) -> None:
    assert "QueueUrls" not in moto.client("sqs").list_queues()
    moto.client("sqs").create_queue(QueueName="left-behind")


def test_nothing_of_another_test_is_in_the_cloud(moto: Moto) -> None:
    assert "QueueUrls" not in moto.client("sqs").list_queues()
    moto.client("sqs").create_queue(QueueName="left-behind")
