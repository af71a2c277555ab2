"""The desk's pages. Each view loads, permits, makes one call and answers."""
