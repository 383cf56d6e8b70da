"""Autopay played from its own side: the pay page, notifications (ITN) with retries, status and gateway list."""
