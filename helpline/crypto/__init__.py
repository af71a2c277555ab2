"""Keys, sealed fields and blind indexes. Nothing outside this package touches a cipher."""
