"""The state of every variant between time points and lesions."""
