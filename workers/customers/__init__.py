"""The simulated Customer Service: says whether a customer may order.

It stands in for a real one, which takes its place by answering the same requests.
"""
