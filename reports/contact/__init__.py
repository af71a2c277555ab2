"""Safe contact: what the young person agreed to, and the sender that refuses everything else."""
