"""The language the services speak on Kafka: envelope, topics, events, and the one strict way to read them."""
