"""Claims about what the demo models answer to the examples: `claims` in `assets/examples/<task>/examples.json`.

`tests/claims/<task>.py` has the EXAMPLES of a task and the kinds of claims about them (Kind): their fields and how they
are checked. They run the model with the defaults of the page.
"""
