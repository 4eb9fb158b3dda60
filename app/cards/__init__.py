"""The one read model: from video ids to the cards a viewer may see.

`hydrate` does the I/O in batches, `rules` decides who may see what, `present` makes the bytes; a page is `page`.
"""
