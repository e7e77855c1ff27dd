"""Simulated patients, variants put into real reads, and the scores of calls against them."""
