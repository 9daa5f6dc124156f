"""What lets many people use one server, and many servers be one lab.

settings ──▶ seats (who is in, who waits) · budget (computing) · held (memory)
             saving (a session as bytes) ──▶ store (the interface) ◀── folder, redis
             life (start and end) · headers (what browsers refuse) · errors (a page that fails)
             logs ──▶ records (without anybody's words) · metrics ──▶ lately ──▶ health (for people)
"""
