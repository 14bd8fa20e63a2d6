"""The orders worker: what an order may become, and how that is stored and told.

`order` is the state, `decide` what a message leads to, `evolve` what a change does to an order,
`react` what is told about it. Those are pure. `flow` puts them between load and publish.
"""
