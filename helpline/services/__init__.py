"""What the helpline does: one use case a file. No service commits, reads the clock or calls out."""
