"""What is read off the book: one file per read model, with its columns, its projection and its queries."""
