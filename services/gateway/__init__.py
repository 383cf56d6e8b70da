"""Gateway: the pages people use and the API for client apps. It asks the other services and keeps no data."""
