"""What is true of matters, their kinds, their forms and their attachments. Pure."""
