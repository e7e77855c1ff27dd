"""Explanations of the counts at a site: likelihoods and priors."""
