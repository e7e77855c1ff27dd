"""What stages hand on, as frozen typed records."""
