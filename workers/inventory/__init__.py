"""The simulated Inventory Service: reserves, releases and fulfills the stock of orders.

It stands in for a real one, which takes its place by answering the same requests.
"""
