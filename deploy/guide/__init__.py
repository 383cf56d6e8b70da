"""The pictures and the film of the portal's guide, made by a real browser on a real, running system."""
