"""What stages hand on: one record for every object of their JSON, checked as it is read."""
