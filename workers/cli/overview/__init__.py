"""What `oms top` looks at: the service as Kafka and MongoDB see it at one moment."""
