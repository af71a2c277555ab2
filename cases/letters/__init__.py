"""What notices say: their templates, the mandate they may need, and the linter that reads them before they leave."""
