"""What correspondence shows: a file per read model with its columns, its `project` and its queries."""
