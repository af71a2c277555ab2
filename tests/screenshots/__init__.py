"""Pictures of every public page in every state, to be looked at by a person: `make screenshots`."""
