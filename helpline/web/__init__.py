"""The web: webhooks, health, metrics, and the pages that people see."""
