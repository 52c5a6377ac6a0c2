"""Run generated queries over foreign tables and over copies of them.

Usage: test/differential.py [OPTION]...

  --seed N            another sequence of queries (1)
  --queries N         queries of each configuration (its own share of 1)
  --minutes X         begin no configuration after so many minutes, ask less
                      of each, and begin with one of each kind
  --only NAME         this configuration alone; repeatable, * is a wildcard
  --case N            this case of it alone, as a failure names it
  --long              some thousands of queries, and configurations by lot
  --failures N        leave a configuration after so many failures (3)
  --database NAME     another name than fc_differential
  --keep              leave the database; the mock leaves after an idle hour
  --library PATH      load this library in place of an installed extension
  --verbose           print every query
  --list              print the configurations

PGHOST, PGPORT and PGUSER say where the server is; the script makes its own
database there, starts its own mock API, and removes both.

Every query must give over the foreign tables what it gives over local copies:
the same rows, in the same order where its ORDER BY is total, else in an
order by the same keys; with LIMIT and ties, as many rows of those it may
choose from.  No query may send more requests than a few times what reading
its tables in full takes; of those for known keys, no more than twice what
the cheapest of look-ups, batches and the whole list takes.  The copies are
made with an API that does what is documented, through paging alone, and
compared with what the mock stores.

A configuration is a set of the mock's switches and of the wrapper's options.
A case is one session's settings and one or several queries, often in one
transaction.  A case's queries depend on the seed, the configuration and the
case's number only, so a failure can be had again with --only and --case;
where it depends on what the account has taught before, without --case.
"""
