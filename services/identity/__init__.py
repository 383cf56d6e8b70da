"""Identity: who a person is, how they sign in, and what contact data the company has of them."""
