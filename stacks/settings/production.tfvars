support_hours = "07-20"
