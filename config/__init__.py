"""What an operator may change: settings, server and queue configuration, wording."""
