"""The Kafka door: records become entries of the live book, of a book being built, or the proof that a book is true."""
