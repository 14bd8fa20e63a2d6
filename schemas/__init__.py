"""What crosses a topic: messages, their envelope, the topics and the table of statuses.

Nothing here does I/O and nothing here decides; every other package may import this one.
"""
