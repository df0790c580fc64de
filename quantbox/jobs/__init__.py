"""Work that outlives a request: a table of jobs with lease, heartbeat, attempt, progress and cancelling.

A *job* is one piece of work; an *attempt* is one try at it; a *lease* is the right to work on one attempt; a *handler*
does the work of one kind of job; to *wake* is to tell the workers that a job waits.
"""
