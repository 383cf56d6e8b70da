"""Commands: kinds of matter, matters and their letters, attachments, and the documents made of forms."""
