"""The limit of the web benches: the least Django can do for the same request, on the same servers."""
