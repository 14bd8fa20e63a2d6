"""What the verbs of `oms dlq` share: how letters are chosen, what is done, how they look."""
