"""Reading: records, fragments, pileups and the evidence of an allele."""
