"""Guards of the architecture and of style: each runs over the project, and over a planted fault that it must find."""
