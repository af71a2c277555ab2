"""What platforms write back: fetched, read, led to its notice, and proposed to a person. Nothing closes by mail alone."""
