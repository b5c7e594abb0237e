"""What leaves cofi: the report, the webhook outbox, exports."""
