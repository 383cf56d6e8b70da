"""Ways to forge an answer, as data: the sandbox's page offers them, and tests go through them all."""
