"""Screenshots of messages or of a profile: redacted on the person's own device, made anew here, sealed one by one."""
