"""Delivery of the outbox's events to one receiver, by Standard Webhooks (https://www.standardwebhooks.com)."""
