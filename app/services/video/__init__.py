"""A video's life: upload, processing, publishing, changes, deletion."""
