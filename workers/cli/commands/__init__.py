"""What `oms send` is made of: its options, the data of its commands, and their sending."""
