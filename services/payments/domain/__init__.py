"""What is true of payments, whatever the database, the broker or the clock: Autopay's messages and a payment's life.

`autopay` holds the hash and the messages we send, `notification` the messages we are sent, `payment` the life of a
payment, `imports` what an import file may say. All pure: no I/O, no clock, no chance.
"""
