"""What rooms and the outside world expect of each other, over the wire."""
