"""How this program shows Kafka and MongoDB who it is. Knows no driver."""
