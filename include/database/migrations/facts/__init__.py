"""What revision 0007 makes of the answers of earlier versions: facts in tables, and no agent's mood anywhere."""
