"""What revision 0007 makes of earlier answers: facts in tables, and no agent's mood anywhere."""
