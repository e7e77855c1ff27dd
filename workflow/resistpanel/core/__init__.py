"""The shared floor: one definition of every fact that more than one stage uses."""
