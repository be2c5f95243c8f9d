variable "name" {
  type        = string
  description = "Name of the queue."
}

variable "visibility_timeout_seconds" {
  type    = number
  default = 30
}

variable "owner" {
  type        = string
  description = "The team that is called when the queue grows."
}

resource "aws_sqs_queue" "this" {
  name                       = var.name
  visibility_timeout_seconds = var.visibility_timeout_seconds
  message_retention_seconds  = 1209600

  tags = {
    owner = var.owner
  }
}

output "arn" {
  value = aws_sqs_queue.this.arn
}
