"""Records in, records out: what knows Kafka and Faust, and knows no order."""
