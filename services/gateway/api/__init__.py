"""The API for client apps under `/api/v1`: checks the question, hands the owning service's answer on as it is."""
