"""helpline: brings a trained mental health peer to whoever texts, within minutes."""
