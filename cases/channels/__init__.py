"""Proposing how a platform is reached. What is proposed changes nothing before a second person says yes."""
