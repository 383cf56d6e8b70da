"""The portal in Debian's Chromium, against the whole running system."""
