"""What the helpline decides, in plain Python: no I/O, no framework, no clock."""
