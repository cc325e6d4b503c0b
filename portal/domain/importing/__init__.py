"""What every list that offices hand in has in common: read, planned, looked at, imported, refused row by row.

A kind of list is four small things of its own: the columns (a `Spec`), how a row is read (`rows`), what becomes of a
chunk of rows (a `Course`) and the table of the lists handed in (a `HandedIn`), bound together by its `Lists`.
"""
