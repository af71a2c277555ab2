"""The promises of docs/security.md, each tried on the running thing rather than on one function."""
