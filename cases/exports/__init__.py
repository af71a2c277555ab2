"""A case as a file: asked with a reason, decided by a second person, made on demand, kept nowhere."""
