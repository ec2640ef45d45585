"""The publisher: the process that signs the log and lets it out, and nothing else."""
