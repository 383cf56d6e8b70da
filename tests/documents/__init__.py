"""Documents that people get, judged by a validator that is not ours."""
