"""What a call is judged by: scorecard schema, evidence check, rules and metrics, scoring."""
