"""Broken text files."""
class Text:
    def __init__(self, patient, whole): pass
def cases(text, rng, times):
    return iter(())
