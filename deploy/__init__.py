"""What runs around the services: the embedded stack and the stand-ins for outside systems."""
