terraform {
  required_version = ">= 1.6"
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

variable "region" {
  type = string
}

provider "aws" {
  region = var.region
}

module "orders" {
  source                     = "../modules/queue"
  name                       = "orders"
  visibility_timeout_seconds = 60
  owner                      = "team-orders"
}

module "refunds" {
  source = "../modules/queue"
  name   = "refunds"
  owner  = "team-orders"
}

output "orders_queue" {
  value = module.orders.arn
}
