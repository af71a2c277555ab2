"""The desk's pages about accounts: who works here, what their role may do, and what of it needs a second person."""
