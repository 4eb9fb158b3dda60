"""What every route shares: who asks, how often, in what form errors are told, and what is logged and counted."""
