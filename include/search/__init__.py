"""Finding calls: by what was said and who said it, and by what is known and was judged of them.

language   what a person types, as clauses of words and phrases
pieces     what is indexed of a transcript
indexing   keeps the index up with the transcripts
matching   the same clauses as conditions of SQLite's FTS5 and of PostgreSQL's tsvector
filters    day, agent, answer, score, … as conditions
finding    a page of calls, newest first
snippets   where in a transcript it was said
drilling   the calls that a figure of trends counts
saved      searches that somebody wants to make again
"""
