"""The services: independent packages that share only `libs`."""
