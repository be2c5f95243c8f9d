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

variable "support_hours" {
  type    = string
  default = "08-18"
}

provider "aws" {
  region = var.region
}

resource "aws_ssm_parameter" "support_hours" {
  name  = "/orders/support-hours"
  type  = "String"
  value = var.support_hours
}
