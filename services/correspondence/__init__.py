"""Correspondence: matters that tenants raise with the company, and the letters both sides write in them."""
