"""Claims about what the demo models answer to the examples: `claims` in `assets/examples/<task>/examples.json`.

`tests/claims/<task>.py` has the kinds of claims of a task: their fields and how they are checked. They run the model
with the defaults of the page.
"""
