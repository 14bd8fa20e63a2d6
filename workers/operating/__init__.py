"""What an operator does to a running service: dead letters settled, snapshots written again."""
