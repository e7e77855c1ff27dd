"""Which sample is whose, over all patients of a run."""
